/** The response parser: the same result however the bytes are split, and nothing that can be read in two ways. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseParser } from '../../../src/upstream/http/response-parser.ts';
import { fc } from '../../support/properties.ts';

const MAX_HEAD = 2_000;

type Parsed = { heads: string[]; body: string; ends: number; fault?: string };

/** Feeds the bytes in pieces of these sizes and then the rest; returns what the parser reported. */
function parse(bytes: string, sizes: readonly number[] = [], { isHead = false, closes = true } = {}): Parsed {
  const seen: Parsed = { heads: [], body: '', ends: 0 };
  const parser = new ResponseParser(
    {
      onLeftover: () => assert.fail('a leftover of a response that is not there'),
      onHead: ({ status, headers, framing, keepAliveMs }) =>
        void seen.heads.push([status, framing.kind, keepAliveMs, ...headers].join('|')),
      onBody: (chunk) => {
        seen.body += chunk.toString('latin1');
      },
      onMessageEnd: () => {
        seen.ends += 1;
      },
    },
    MAX_HEAD,
  );
  parser.expectResponse({ isHead, skipLeftover: false });
  const buffer = Buffer.from(bytes, 'latin1');
  try {
    let at = 0;
    for (const size of sizes) {
      parser.feed(buffer.subarray(at, at + size));
      at = Math.min(buffer.length, at + size);
    }
    parser.feed(buffer.subarray(at));
    if (closes) parser.end();
  } catch (error) {
    seen.fault = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
  return seen;
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const good: [string, string, Partial<Parsed>][] = [
  ['a length', `${HEAD}Content-Length: 5\r\n\r\nhello`, { heads: ['200|length||Content-Length|5'], body: 'hello' }],
  ['a length of 0', `${HEAD}Content-Length: 0\r\n\r\n`, { heads: ['200|length||Content-Length|0'], body: '' }],
  ['white space around a value', `${HEAD}X: \t a b \t\r\nContent-Length: 0\r\n\r\n`, { body: '' }],
  ['no reason phrase', 'HTTP/1.1 200\r\nContent-Length: 1\r\n\r\nx', { body: 'x' }],
  ['an empty value', `${HEAD}X:\r\nContent-Length: 0\r\n\r\n`, { heads: ['200|length||X||Content-Length|0'] }],
  [
    'chunks with extensions',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n5;a=b;c="d"\r\nhello\r\n0A\r\n0123456789\r\n00\r\n\r\n`,
    { body: 'hello0123456789' },
  ],
  ['a trailer', `${HEAD}Transfer-Encoding: Chunked\r\n\r\n1\r\nh\r\n0\r\nA: 1\r\nB: 2\r\n\r\n`, { body: 'h' }],
  ['a body until the end', `${HEAD}\r\nall of it`, { heads: ['200|until-close|0'], body: 'all of it' }],
  [
    'informational heads first',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102\r\n\r\nHTTP/1.1 204 No\r\n\r\n',
    { heads: ['103|none|0|Link|</a>', '102|none|0', '204|none|0'], body: '' },
  ],
  [
    'an unrequested 100',
    `HTTP/1.1 100 Continue\r\n\r\n${HEAD}Content-Length: 2\r\n\r\nok`,
    { heads: ['100|none|0', '200|length||Content-Length|2'], body: 'ok' },
  ],
  [
    'white space in chunk extensions, where it is allowed',
    `${HEAD}Transfer-Encoding: chunked\r\n\r\n1 ;\ta =\t"\\"b" ; c\r\nh\r\n0\r\n\r\n`,
    { body: 'h' },
  ],
  ['close', `${HEAD}Connection: x, Close\r\nContent-Length: 0\r\n\r\n`, { body: '' }],
  ['a hint', `${HEAD}Keep-Alive: timeout=7, max=3\r\nContent-Length: 0\r\n\r\n`, { body: '' }],
];

for (const [name, bytes, expected] of good)
  test(`PX-10 ${name}: the same however the bytes are cut`, () => {
    const whole = parse(bytes);
    assert.equal(whole.fault, undefined);
    assert.equal(whole.ends, 1);
    assert.deepEqual({ ...whole, ...expected }, whole);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 })), (sizes) => assert.deepEqual(parse(bytes, sizes), whole)),
    );
  });

test('the connection: closes with HTTP/1.0, with close, without a length; and as the hint says', () => {
  const keepAlive = (head: string) => parse(`${head}\r\n\r\n`).heads[0]?.split('|')[2];
  assert.equal(keepAlive('HTTP/1.0 200 OK\r\nContent-Length: 0'), '0');
  assert.equal(keepAlive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0'), '0');
  assert.equal(keepAlive('HTTP/1.1 200 OK'), '0');
  assert.equal(keepAlive('HTTP/1.1 200 OK\r\nContent-Length: 0'), '');
  assert.equal(keepAlive('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=7\r\nContent-Length: 0'), '7000');
});

for (const [status, isHead] of [
  ['204', false],
  ['304', false],
  ['200', true],
] as const)
  test(`RFC 9112 6.3 ${status}${isHead ? ' to HEAD' : ''} has no body, whatever its head says`, () => {
    for (const field of ['Content-Length: 5', 'Transfer-Encoding: chunked', 'X: y']) {
      const seen = parse(`HTTP/1.1 ${status} X\r\n${field}\r\n\r\n`, [], { isHead, closes: false });
      assert.deepEqual([seen.ends, seen.body, seen.fault], [1, '', undefined]);
    }
  });

const bad: [string, string, string?][] = [
  ['two lengths', `${HEAD}Content-Length: 1\r\nContent-Length: 1\r\n\r\nx`],
  ['a list of lengths', `${HEAD}Content-Length: 1, 1\r\n\r\nx`],
  ['a sign', `${HEAD}Content-Length: +1\r\n\r\nx`],
  ['a length with too many digits', `${HEAD}Content-Length: 9999999999999999\r\n\r\nx`],
  ['both framings', `${HEAD}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['another coding', `${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['chunked twice', `${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a chunk size with a sign', `${HEAD}Transfer-Encoding: chunked\r\n\r\n-1\r\n`],
  ['a chunk size with 0x', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n`],
  ['a chunk longer than it says', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n`],
  ['a bare line feed after a size', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n`],
  ['a size line without an end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1;${'x'.repeat(5_000)}`],
  ['an invalid trailer', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\nno field\r\n\r\n`],
  ['a trailer without an end', `${HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n${'A: 1\r\n'.repeat(1_000)}`],
  ['a name with a space', `${HEAD}Content-Length : 1\r\n\r\nx`],
  ['a folded line', `${HEAD}X: 1\r\n Content-Length: 1\r\n\r\nx`],
  ['a bare carriage return', `${HEAD}X: 1\rY: 2\r\nContent-Length: 1\r\n\r\nx`],
  ['a bare line feed', `${HEAD}X: 1\nContent-Length: 1\r\n\r\nx`],
  ['a zero byte', `${HEAD}X: \0\r\nContent-Length: 1\r\n\r\nx`],
  ['a line without a colon', `${HEAD}Content-Length\r\n\r\n`],
  ['an empty name', `${HEAD}: x\r\n\r\n`],
  ['another version', 'HTTP/2.0 200 OK\r\n\r\n'],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
  ['a status beyond 599', 'HTTP/1.1 600 OK\r\n\r\n'],
  ['101', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
  ['an empty line first', '\r\nHTTP/1.1 200 OK\r\n\r\n'],
  ['garbage that never ends a line', 'SSH-2.0-x'],
  ['a head that is too long', `${HEAD}X: ${'x'.repeat(MAX_HEAD)}\r\n\r\n`],
  ['bytes after the response', `${HEAD}Content-Length: 1\r\n\r\nxy`, 'UPSTREAM_STRAY'],
];

for (const [name, bytes, fault = 'UPSTREAM_PROTOCOL'] of bad)
  test(`PX-10 ${name}: rejected, however the bytes are split`, () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 })), (sizes) =>
        assert.equal(parse(bytes, sizes, { closes: false }).fault, fault),
      ),
    );
  });

for (const [name, bytes, fault] of [
  ['before the response', '', 'UPSTREAM_CLOSED'],
  ['in the head', 'HTTP/1.1 2', 'UPSTREAM_CUT'],
  ['in a body', `${HEAD}Content-Length: 9\r\n\r\nx`, 'UPSTREAM_CUT'],
  ['in chunks', `${HEAD}Transfer-Encoding: chunked\r\n\r\n2\r\nx`, 'UPSTREAM_CUT'],
  ['before the last chunk', `${HEAD}Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n`, 'UPSTREAM_CUT'],
] as const)
  test(`PX-10 an end ${name} does not complete a response`, () => assert.equal(parse(bytes).fault, fault));

test('PX-10 random bytes never make the parser hang or throw anything else', () => {
  const piece = fc.constantFrom(
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\r\n',
    '3\r\n',
    'abc',
    '0\r\n\r\n',
    ':',
    '\n',
    '\0',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 20 })), (pieces, sizes) => {
      const { fault } = parse(pieces.join(''), sizes);
      assert.ok(fault === undefined || /^UPSTREAM_(PROTOCOL|STRAY|CLOSED|CUT)$/.test(fault), fault);
    }),
    { numRuns: 5_000 },
  );
});
