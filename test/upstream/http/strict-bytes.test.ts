/** Bytes of an upstream that are not exactly HTTP/1.1: refused with 502 at once, although the upstream keeps its connection open. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { ResponseParser } from '../../../src/upstream/http/response-parser.ts';
import { route, startEdge } from '../../support/edge.ts';
import { rawRequest } from '../../support/raw.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { ownOnly } from '../../support/upstream-client.ts';

/** Sends one request to an upstream that writes these bytes and then nothing. The gateway would wait for minutes. */
async function requestBytes(t: TestContext, bytes: string, method = 'GET', request = '') {
  const upstream = await startRawUpstream((socket) => socket.write(Buffer.from(bytes, 'latin1')));
  const edge = await startEdge(route(upstream.origin));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  const response = await rawRequest(edge.port, `${method} / HTTP/1.1\r\nHost: gw\r\n${request}\r\n`, { method });
  return { response, heads: upstream.heads };
}

const HEAD = 'HTTP/1.1 200 OK\r\n';
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;

const invalid: [string, string][] = [
  ['a head with bare line feeds', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'],
  ['a bare line feed after the status line', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n'],
  ['a bare line feed after a field', `${HEAD}X: 1\n`],
  ['a bare line feed at the end of the head', `${HEAD}Content-Length: 2\r\n\nok`],
  ['a bare carriage return in a field', `${HEAD}X: 1\rY: 2`],
  ['a bare carriage return at the end of the head', `${HEAD}Content-Length: 2\r\n\r\r\nok`],
  ['a bare carriage return in the status line', 'HTTP/1.1 200 O\rK'],
  ['a zero byte in a field', `${HEAD}X: a\0`],
  ['a zero byte in the status line', 'HTTP/1.1 200 O\0'],
  ['an escape byte in a field', `${HEAD}X: \x1b[2J`],
  ['white space before a colon', `${HEAD}X : 1\r\n`],
  ['a field without a colon', `${HEAD}X\r\n`],
  ['a folded field', `${HEAD}X: 1\r\n 2\r\n`],
  ['a status line of another protocol', 'HTTP/1.1 2000 OK\r\n'],
  ['another protocol', 'SSH-2.0-x'],
  ['a bare line feed after the last chunk', `${CHUNKED}0\r\n\n`],
  ['two carriage returns after the last chunk', `${CHUNKED}0\r\n\r\r\n`],
  ['a bare line feed in a trailer', `${CHUNKED}0\r\nX: 1\n\r\n`],
  ['a bare line feed after a chunk', `${CHUNKED}2\r\nok\n`],
  ['a bare line feed after a chunk size', `${CHUNKED}2\nok`],
  ['a bare line feed in a chunk extension', `${CHUNKED}2;a=b\nok`],
  ['a bare carriage return in a chunk extension', `${CHUNKED}2;a\rb`],
  ['a zero byte in a chunk extension', `${CHUNKED}2;a=\0`],
  ['a chunk size that is no number', `${CHUNKED}x`],
  ['an empty chunk size', `${CHUNKED}\r\n`],
  ['white space after a chunk size', `${CHUNKED}2 \r\nok`],
  ['a chunk that is longer than its size', `${CHUNKED}2\r\nokay`],
  ['a folded trailer', `${CHUNKED}0\r\nX: 1\r\n 2\r\n`],
  ['white space before a colon in a trailer', `${CHUNKED}0\r\nX : 1\r\n`],
];
/** undici sends the head on before it finds these. */
const foundLate = ([name, bytes]: [string, string]) =>
  bytes.startsWith(CHUNKED) || name === 'a zero byte in the status line';
for (const [name, bytes] of [...invalid.filter((one) => !foundLate(one)), ...ownOnly(invalid.filter(foundLate))])
  test(`D07 ${name}: 502 at once`, async (t) => {
    const { response } = await requestBytes(t, bytes);
    assert.deepEqual([response.status, JSON.parse(response.text).code], [502, 'upstream_failed']);
  });

const lengths = ['x', '-5', '+5', '5,5', '5, 5', '0x5', '', '5 5', '5.0', '1e3', '\xb2', '9'.repeat(16)];
for (const [status, method] of [
  ['200', 'HEAD'],
  ['200', 'GET'],
  ['304', 'GET'],
  ['204', 'GET'],
] as const)
  for (const length of lengths)
    test(`D09 ${status} to ${method} with Content-Length: "${length}": 502`, async (t) => {
      const bytes = `HTTP/1.1 ${status} X\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
      const { response } = await requestBytes(t, bytes, method);
      assert.equal(response.status, 502);
      assert.notEqual(response.header('content-length'), length);
    });

for (const [status, method] of [
  ['200', 'HEAD'],
  ['204', 'GET'],
  ['304', 'GET'],
] as const)
  test(`D09 ${status} to ${method} with two framings or two lengths: 502`, async (t) => {
    const both = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`;
    assert.equal((await requestBytes(t, both, method)).response.status, 502);
    const two = `HTTP/1.1 ${status} X\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n`;
    assert.equal((await requestBytes(t, two, method)).response.status, 502);
  });

test('D09 304 keeps the Content-Length that 200 would have (RFC 9110 section 8.6); 204 has none', async (t) => {
  const conditional = 'If-None-Match: "1"\r\n';
  const notModified = 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 1234\r\n\r\n';
  const { response } = await requestBytes(t, notModified, 'GET', conditional);
  assert.deepEqual([response.status, response.header('content-length'), response.text], [304, '1234', '']);
  const empty = await requestBytes(t, 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n');
  assert.deepEqual([empty.response.status, empty.response.header('content-length')], [204, undefined]);
});

for (const method of ownOnly(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']))
  test(`D08 an unrequested 100 before the response to ${method} is skipped, and nothing is sent twice`, async (t) => {
    const more = ['POST', 'PUT', 'PATCH'].includes(method) ? 'Content-Length: 0\r\n' : '';
    const bytes = `HTTP/1.1 100 Continue\r\nX: y\r\n\r\n${HEAD}Content-Length: 2\r\n\r\n${method === 'HEAD' ? '' : 'ok'}`;
    const { response, heads } = await requestBytes(t, bytes, method, more);
    assert.deepEqual([response.status, response.informational.length], [200, 0]);
    assert.equal(response.text, method === 'HEAD' ? '' : 'ok');
    assert.equal(heads.length, 1);
  });

test('D08 a connection that closes after an unrequested 100: 502, the request is not sent again', async (t) => {
  const upstream = await startRawUpstream((socket) => socket.end('HTTP/1.1 100 Continue\r\n\r\n'));
  const edge = await startEdge(route(upstream.origin));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  const response = await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.equal(response.status, 502);
  assert.equal(upstream.heads.length, 1);
});

test('D07 every fault is found with its last byte, also when each byte arrives alone', () => {
  for (const [name, bytes] of invalid) {
    const parser = new ResponseParser(
      { onLeftover() {}, onHead() {}, onBody() {}, onMessageEnd: () => assert.fail(`${name} is complete`) },
      32_768,
    );
    parser.expectResponse({ isHead: false, skipLeftover: false });
    const feedAll = () => {
      for (const byte of Buffer.from(bytes, 'latin1')) parser.feed(Buffer.from([byte]));
    };
    assert.throws(feedAll, { code: 'UPSTREAM_PROTOCOL' }, name);
  }
});
