/** How the header block of an HTTP/2 request becomes the head of an HTTP/1.1 request, and which blocks are refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MalformedRequest, translateHead } from '../../../src/server/http2/request-head.ts';

const GET = [':method', 'GET', ':scheme', 'https', ':path', '/a?b=1', ':authority', 'shop.example.com'];
const POST = [':method', 'POST', ...GET.slice(2)];

test('a request becomes its HTTP/1.1 form: Host first, cookies joined, chunks where no length is known', () => {
  const fields = ['accept', '*/*', 'cookie', 'a=1', 'x-csrf', '1', 'cookie', 'b=2', 'te', 'trailers'];
  assert.deepEqual(translateHead([...GET, ...fields], true), {
    method: 'GET',
    text: 'GET /a?b=1 HTTP/1.1\r\nhost: shop.example.com\r\naccept: */*\r\nx-csrf: 1\r\nte: trailers\r\ncookie: a=1; b=2\r\n\r\n',
    chunked: false,
    trailers: true,
  });
  const chunked = translateHead(POST, false);
  assert.equal(chunked.chunked, true);
  assert.match(chunked.text, /\r\ntransfer-encoding: chunked\r\n\r\n$/);
  const sized = translateHead([...POST, 'content-length', '5'], false);
  assert.equal(sized.chunked, false);
  assert.doesNotMatch(sized.text, /transfer-encoding/);
});

test('Host without :authority counts, the same Host beside it does too, and OPTIONS * and CONNECT keep their form', () => {
  const noAuthority = GET.slice(0, 6);
  assert.match(
    translateHead([...noAuthority, 'host', 'shop.example.com'], true).text,
    /\r\nhost: shop\.example\.com\r\n/,
  );
  assert.equal(translateHead([...GET, 'host', 'SHOP.example.com'], true).text.match(/host: /g)?.length, 1);
  assert.match(
    translateHead([':method', 'OPTIONS', ':scheme', 'https', ':path', '*', ':authority', 'a'], true).text,
    /^OPTIONS \* HTTP/,
  );
  assert.match(
    translateHead([':method', 'CONNECT', ':authority', 'a:443'], false).text,
    /^CONNECT a:443 HTTP\/1\.1\r\n/,
  );
});

const without = (name: string) => GET.flatMap((text, at) => (GET[at - (at % 2)] === name ? [] : [text]));
const withValue = (name: string, value: string) => GET.map((text, at) => (GET[at - 1] === name ? value : text));

const REFUSED: Record<string, readonly string[]> = {
  'no method': without(':method'),
  'no scheme': without(':scheme'),
  'no path': without(':path'),
  'no authority and no Host': without(':authority'),
  'an empty authority': withValue(':authority', ''),
  'a repeated pseudo-header': [...GET, ':path', '/b'],
  'an unknown pseudo-header': [...GET, ':protocol', 'websocket'],
  'a pseudo-header behind a field': [...without(':path'), 'accept', '*/*', ':path', '/'],
  'a pseudo-header behind a cookie': [...without(':path'), 'cookie', 'a=1', ':path', '/'],
  'another scheme': withValue(':scheme', 'http'),
  'another Host than :authority': [...GET, 'host', 'other.example.com'],
  'two Hosts': [...GET, 'host', 'shop.example.com', 'host', 'shop.example.com'],
  'a path in absolute form': withValue(':path', 'https://shop.example.com/'),
  'an empty path': withValue(':path', ''),
  '* with another method': withValue(':path', '*'),
  'a path with a space': withValue(':path', '/a HTTP/1.1'),
  'a path with a line break': withValue(':path', '/a\r\nx: y'),
  'a method with a space': withValue(':method', 'GET /admin'),
  'a method with a line break': withValue(':method', 'GET\n'),
  'an authority with a line break': withValue(':authority', 'a\r\nx: y'),
  'a value with a line feed': [...GET, 'x-a', '1\nx-b: 2'],
  'a value with NUL': [...GET, 'x-a', '1\0'],
  'a name in upper case': [...GET, 'X-A', '1'],
  'a name with a colon': [...GET, 'x:a', '1'],
  'a name with a space': [...GET, 'x a', '1'],
  'an empty name': [...GET, '', '1'],
  connection: [...GET, 'connection', 'close'],
  'keep-alive': [...GET, 'keep-alive', 'timeout=5'],
  'proxy-connection': [...GET, 'proxy-connection', 'close'],
  'transfer-encoding': [...POST, 'transfer-encoding', 'chunked'],
  upgrade: [...GET, 'upgrade', 'websocket'],
  'te: gzip': [...GET, 'te', 'gzip'],
  'te: trailers, gzip': [...GET, 'te', 'trailers, gzip'],
  'two lengths': [...POST, 'content-length', '1', 'content-length', '1'],
  'a length without a body': [...POST, 'content-length', '1'],
  'CONNECT with a path': [':method', 'CONNECT', ':path', '/', ':authority', 'a:443'],
};

for (const [name, raw] of Object.entries(REFUSED))
  test(`refused: ${name}`, () => {
    assert.throws(() => translateHead(raw, true), MalformedRequest);
  });
