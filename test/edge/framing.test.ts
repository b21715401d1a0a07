/** Framing that two servers could interpret differently is refused; unambiguous framing passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { checkFraming, readFramingFields } from '../../src/edge/framing.ts';
import { fc } from '../support/properties.ts';

interface Message {
  method?: string;
  version?: readonly [number, number];
  rawHeaders: string[];
}

function judge({ method = 'POST', version: [httpVersionMajor, httpVersionMinor] = [1, 1], rawHeaders }: Message) {
  checkFraming({ method, httpVersionMajor, httpVersionMinor, rawHeaders }, readFramingFields(rawHeaders));
}

/** Returns the error of a message. It must close the connection, because the start of the next message is unknown. */
function refusalOf(message: Message): string {
  try {
    judge(message);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.headers.connection, 'close');
    return error.code;
  }
}

const REFUSED: [string, Message][] = [
  ['a length and chunked coding', { rawHeaders: ['Content-Length', '5', 'Transfer-Encoding', 'chunked'] }],
  ['a length of 0 beside chunks', { rawHeaders: ['Transfer-Encoding', 'chunked', 'content-length', '0'] }],
  ['two lengths', { rawHeaders: ['Content-Length', '5', 'CONTENT-LENGTH', '6'] }],
  ['the same length twice', { rawHeaders: ['Content-Length', '5', 'Content-Length', '5'] }],
  ['the same length twice in one field', { rawHeaders: ['Content-Length', '5, 5'] }],
  ['an empty length', { rawHeaders: ['Content-Length', ''] }],
  ['a length with a sign', { rawHeaders: ['Content-Length', '+5'] }],
  ['a negative length', { rawHeaders: ['Content-Length', '-5'] }],
  ['a hexadecimal length', { rawHeaders: ['Content-Length', '0x5'] }],
  ['a length with a fraction', { rawHeaders: ['Content-Length', '5.0'] }],
  ['an exponent', { rawHeaders: ['Content-Length', '5e1'] }],
  ['a length that is too large', { rawHeaders: ['Content-Length', '99999999999999999999'] }],
  ['a length in other digits', { rawHeaders: ['Content-Length', '\u0665'] }],
  ['an unknown coding', { rawHeaders: ['Transfer-Encoding', 'xchunked'] }],
  ['identity', { rawHeaders: ['Transfer-Encoding', 'identity'] }],
  ['an empty coding', { rawHeaders: ['Transfer-Encoding', ''] }],
  ['chunked that is not the last coding', { rawHeaders: ['Transfer-Encoding', 'chunked, gzip'] }],
  ['another coding before chunked', { rawHeaders: ['Transfer-Encoding', 'gzip, chunked'] }],
  ['chunked twice', { rawHeaders: ['Transfer-Encoding', 'chunked', 'Transfer-Encoding', 'chunked'] }],
  ['chunked twice in one field', { rawHeaders: ['Transfer-Encoding', 'chunked, chunked'] }],
  ['chunked with a parameter', { rawHeaders: ['Transfer-Encoding', 'chunked;x'] }],
  ['chunked after a control character', { rawHeaders: ['Transfer-Encoding', '\u000bchunked'] }],
  ['chunks in HTTP/1.0', { version: [1, 0], rawHeaders: ['Transfer-Encoding', 'chunked'] }],
  ['chunks in HTTP/0.9', { version: [0, 9], rawHeaders: ['Transfer-Encoding', 'chunked'] }],
];
for (const [what, message] of REFUSED)
  test(`PX-08 ${what}: refused`, () => assert.equal(refusalOf(message), 'bad_request'));

test('PX-13 TRACE and CONNECT are refused with the list of allowed methods', () => {
  for (const method of ['TRACE', 'CONNECT']) {
    assert.equal(refusalOf({ method, rawHeaders: [] }), 'method_not_allowed');
    assert.throws(
      () => judge({ method, rawHeaders: [] }),
      (error) => error instanceof GatewayError && !/TRACE|CONNECT/.test(error.headers.allow ?? 'TRACE'),
    );
  }
});

test('PX-08 unambiguous framing passes for every method, also bodies of DELETE and OPTIONS', () => {
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    for (const rawHeaders of [
      [],
      ['Content-Length', '0'],
      ['Content-Length', '5'],
      ['content-length', '007'],
      ['Transfer-Encoding', 'chunked'],
      ['TRANSFER-ENCODING', 'Chunked'],
    ])
      assert.equal(refusalOf({ method, rawHeaders }), 'accepted');
  }
  assert.equal(refusalOf({ version: [1, 0], rawHeaders: ['Content-Length', '5'] }), 'accepted');
  assert.equal(
    refusalOf({ rawHeaders: ['X-Content-Length', '+', 'TransferXEncoding', 'x', 'Upgrade', 'h2c'] }),
    'accepted',
  );
});

test('PX-08 of all combinations only those pass that every server interprets the same way', () => {
  const name = fc.constantFrom('Content-Length', 'content-length', 'Transfer-Encoding', 'tRANSFER-eNCODING', 'X-Other');
  const value = fc.constantFrom('5', '0', '05', '+5', '5,5', ' 5', 'chunked', 'Chunked', 'gzip', 'chunked, gzip', '');
  const fields = fc.array(fc.tuple(name, value), { maxLength: 4 });
  fc.assert(
    fc.property(fields, (list) => {
      const of = (wanted: string) => list.filter(([key]) => key.toLowerCase() === wanted).map(([, text]) => text);
      const [lengths, codings] = [of('content-length'), of('transfer-encoding')];
      const plain =
        lengths.length + codings.length === 0 ||
        (lengths.length === 1 && codings.length === 0 && /^[0-9]+$/.test(lengths[0] ?? '')) ||
        (lengths.length === 0 && codings.length === 1 && /^chunked$/i.test(codings[0] ?? ''));
      assert.equal(refusalOf({ rawHeaders: list.flat() }), plain ? 'accepted' : 'bad_request');
    }),
    { numRuns: 3_000 },
  );
});

test('PX-12 every Host header is collected, in any letter case', () => {
  const head = readFramingFields(['Host', 'a', 'HOST', 'b', 'From', 'c', 'Hosts', 'd', 'host', 'e']);
  assert.deepEqual(head.host, ['a', 'b', 'e']);
  assert.deepEqual(readFramingFields([]), { host: [], contentLength: [], transferEncoding: [] });
});
