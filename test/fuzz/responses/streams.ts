/** Generates byte streams of upstreams: responses that are valid, nearly valid, or broken. The same seed gives the same streams. */

export type Random = (below: number) => number;

/** A generator of numbers (mulberry32), since `Math.random` has no seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return function random(below) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  };
}

export interface Stream {
  readonly method: 'GET' | 'HEAD' | 'POST';
  /** One byte for each character. */
  readonly bytes: Buffer;
}

const STATUS_LINES = [
  ...Array.from({ length: 12 }, () => 'HTTP/1.1 200 OK'),
  'HTTP/1.1 204 No Content',
  'HTTP/1.1 304 Not Modified',
  'HTTP/1.1 404 Not Found',
  'HTTP/1.1 500',
  'HTTP/1.1 200 ',
  'HTTP/1.0 200 OK',
  'HTTP/1.1 205 Reset Content',
  'HTTP/1.1 200 Gr\xfc\xdfe',
  'HTTP/1.1  200 OK',
  'HTTP/1.1 20 OK',
  'HTTP/1.1 2000 OK',
  'HTTP/1.2 200 OK',
  'HTTP/2.0 200 OK',
  'http/1.1 200 OK',
  'HTTP/1.1\t200 OK',
  'HTTP/1.1 200\tOK',
  'ICY 200 OK',
  'HTTP/1.1 101 Switching Protocols',
];
const INFORMATIONAL = [
  'HTTP/1.1 100 Continue',
  'HTTP/1.1 102 Processing',
  'HTTP/1.1 103 Early Hints',
  'HTTP/1.1 199 X',
];
const FIELDS = [
  'Content-Type: text/plain',
  'X-A: 1',
  'X-A:2',
  'X-Empty:',
  'X-Space:  a b \t',
  'X-Raw: \xe6\x97\xa5\xff',
  'Content-Disposition: attachment; filename="\xe6\x97\xa5.pdf"',
  'Set-Cookie: a=1',
  'Set-Cookie: b=2',
  'Connection: close',
  'Connection: keep-alive',
  'Keep-Alive: timeout=5',
  'Date: now',
  'Trailer: X-T',
];
const ODD_FIELDS = [
  'X : 1',
  ' X: 1',
  'X-Folded: 1\r\n 2',
  'X-Nul: a\0b',
  'X-Bell: \x07',
  'X-Del: \x7f',
  'X-CR: a\rb',
  'no colon',
  ': no name',
  'X@: 1',
  'X-\xe9: 1',
  'Upgrade: websocket',
  'Connection: upgrade',
  'Proxy-Connection: close',
  'Content-Length\t: 5',
  'Content_Length: 5',
  'Transfer-Encoding : chunked',
];
const ODD_LENGTHS = [
  '+5',
  '-5',
  '5,5',
  '5, 5',
  '0x5',
  '',
  '5 5',
  '5.0',
  '05',
  '\xb2',
  '99999999999999999999',
  '5\0',
  '5;',
];
const ODD_CODINGS = [
  'chunked, chunked',
  'identity',
  'gzip, chunked',
  'chunked, identity',
  'xchunked',
  'Chunked',
  ' chunked',
  'chunked;q=1',
  '',
];
const LINE_ENDS = ['\n', '\r', '\r\r\n', '\n\r', ''];
const SIZES = ['5', '05', '5;a=b', '5;a="b"', '5 ', ' 5', '0x5', '5\t', '+5', 'g', '', 'fffffffffffffffff', '5;\0'];
const SURPLUS = ['\r\n', '\n', '0\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', 'x', '\0'];
const TOKENS = ['\r\n', '\r', '\n', ':', ' ', '\0', '0', '\r\n\r\n', 'chunked', '\xff', ';', ','];

/** Returns the next stream: half of them valid, the others with one to three faults. */
export function nextStream(random: Random): Stream {
  const pick = <T>(items: readonly T[]): T => items[random(items.length)] as T;
  const isValid = random(2) === 0;
  const oddly = (chance: number) => !isValid && random(chance) === 0;
  const end = () => (oddly(25) ? pick(LINE_ENDS) : '\r\n');

  const body = Array.from({ length: random(40) }, () =>
    pick(['a', 'b', '\r\n', '\0', '\xff', '0', 'HTTP/1.1 200 OK\r\n']),
  ).join('');
  const framing = pick([
    'length',
    'length',
    'chunked',
    'chunked',
    'close',
    'both',
    'two lengths',
    'odd length',
    'odd coding',
  ]);
  const [fields, encoded] = frame(isValid && framing.length > 7 ? 'length' : framing);

  const before = Array.from(
    { length: random(6) === 0 ? 1 + random(2) : 0 },
    () => `${pick(INFORMATIONAL)}\r\nLink: <a>${end()}\r\n`,
  );
  const head = [isValid ? pick(STATUS_LINES.slice(0, 16)) : pick(STATUS_LINES)];
  for (let count = random(5); count > 0; count -= 1) head.push(oddly(4) ? pick(ODD_FIELDS) : pick(FIELDS));
  head.splice(1 + random(head.length), 0, ...fields);
  const text =
    before.join('') + head.map((line) => line + end()).join('') + end() + encoded + (oddly(6) ? pick(SURPLUS) : '');
  return {
    method: pick(['GET', 'GET', 'GET', 'HEAD', 'POST']),
    bytes: Buffer.from(isValid ? text : mutate(text), 'latin1'),
  };

  function frame(kind: string): [string[], string] {
    const length = `Content-Length: ${body.length}`;
    switch (kind) {
      case 'length':
        return [[length], body];
      case 'close':
        return [[], body];
      case 'both':
        return [[length, 'Transfer-Encoding: chunked'], inChunks()];
      case 'two lengths':
        return [[length, `Content-Length: ${body.length + random(2)}`], body];
      case 'odd length':
        return [[`Content-Length: ${pick(ODD_LENGTHS)}`], body];
      case 'odd coding':
        return [[`Transfer-Encoding: ${pick(ODD_CODINGS)}`], inChunks()];
      default:
        return [['Transfer-Encoding: chunked'], inChunks()];
    }
  }

  function inChunks(): string {
    let text = '';
    for (let at = 0; at < body.length; ) {
      const size = 1 + random(body.length - at);
      const line = oddly(8) ? pick(SIZES) : size.toString(16) + (random(6) === 0 ? ';a=b' : '');
      text += line + end() + body.slice(at, at + size) + end();
      at += size;
    }
    const trailer = random(5) === 0 ? `X-T: 1${end()}` : '';
    return `${text}0${end()}${trailer}${end()}`;
  }

  function mutate(original: string): string {
    let changed = original;
    for (let count = random(3); count > 0; count -= 1) {
      const at = random(changed.length + 1);
      const [insert, remove] = pick([
        [pick(TOKENS), 0],
        ['', 1],
        [String.fromCharCode(random(256)), 1],
        ['', changed.length],
      ]) as [string, number];
      changed = changed.slice(0, at) + insert + changed.slice(at + remove);
    }
    return changed;
  }
}

/** Cuts bytes at random places. */
export function cut(bytes: Buffer, random: Random): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const to = Math.min(bytes.length, at + 1 + random(random(2) === 0 ? 3 : bytes.length));
    parts.push(bytes.subarray(at, to));
    at = to;
  }
  return parts;
}
