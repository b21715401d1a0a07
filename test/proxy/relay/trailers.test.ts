/** Trailer fields of an upstream: which of them reach which clients. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { GATEWAY_HEADER } from '../../../src/client/gateway-header.ts';
import { type EdgeOptions, route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { ownOnly } from '../../support/upstream-client.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive, X-Hop\r\n\r\n2\r\nok\r\n0\r\n';

/** Requests a response with these trailer fields; returns those that the client received, and the head upstream. */
async function exchange(t: TestContext, fields: readonly string[], request: string, options: EdgeOptions = {}) {
  const bytes = `${HEAD}${fields.map((field) => `${field}\r\n`).join('')}\r\n`;
  const upstream = await startRawUpstream((socket) => socket.write(bytes, 'latin1'));
  const edge = await startEdge(route(upstream.origin), options);
  const client = await connectRaw(edge.port);
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  await client.send(request);
  assert.equal((await client.head()).status, 200);
  const body = (await client.rest()).toString('latin1');
  const [, section = ''] = body.split('\r\n0\r\n');
  return { body, received: section.split('\r\n').filter((line) => line !== ''), sent: upstream.heads[0] ?? '' };
}

const get = (version: string, ...fields: string[]) =>
  `GET / HTTP/${version}\r\nHost: gw\r\nConnection: close\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`;

test('a client that asks for trailers receives them, repeated ones and bytes above ASCII as well', async (t) => {
  const fields = ['X-Sum: 1', 'x-sum: 2', 'Server-Timing: db;dur=5', 'Content-Digest: sha-256=:YQ==:', 'X-Name: \xe9'];
  const { received } = await exchange(t, fields, get('1.1', 'TE: gzip;q=0.5, trailers'));
  assert.deepEqual(received, [
    'x-sum: 1',
    'x-sum: 2',
    'server-timing: db;dur=5',
    'content-digest: sha-256=:YQ==:',
    'x-name: \xe9',
  ]);
});

for (const [client, request] of [
  ['without TE', get('1.1')],
  ['with another TE', get('1.1', 'TE: xtrailers, trailers2')],
  ['of HTTP/1.0', get('1.0', 'TE: trailers')],
] as const)
  test(`a client ${client} receives the body and no trailer`, async (t) => {
    const { body, received, sent } = await exchange(t, ['X-Sum: 1'], request);
    assert.match(body, /ok/);
    assert.doesNotMatch(body, /sum/i);
    assert.deepEqual(received, []);
    if (request.includes('1.1')) assert.doesNotMatch(sent, /^te:/im);
  });

for (const sum of ownOnly(['X-Sum: 1']))
  test('TE of the upstream request is of this hop, and keeps the connection open', async (t) => {
    const { sent } = await exchange(t, [sum], get('1.1', 'TE: trailers'));
    assert.match(sent, /^te: trailers$/im);
    assert.match(sent, /^connection: keep-alive, TE$/im);
  });

test('fields that must come before the body, and those that the response headers would lose, are dropped', async (t) => {
  const fields = [
    ...ownOnly(['Content-Length: 7', 'Transfer-Encoding: chunked']),
    ...['Trailer: X', 'Host: evil.example', 'Connection: X-Own'],
    ...['Set-Cookie: a=b', 'Set_Cookie: a=b', 'Authorization: x', 'WWW-Authenticate: Basic', 'Clear-Site-Data: "*"'],
    ...['Content-Type: text/html', 'Content-Encoding: gzip', 'Content-Security-Policy: x', 'Location: /x'],
    ...['Cache-Control: public', 'Expires: 0', 'Vary: X', 'Age: 1', 'Date: x', 'Retry-After: 1'],
    ...['Access-Control-Allow-Origin: *', 'Cross-Origin-Opener-Policy: x', 'X-Frame-Options: DENY', 'Refresh: 0'],
    ...['X-Hop: 1', 'X-Own: 1', 'X-Removed: 1', 'Server: x', `${GATEWAY_HEADER}: unauthenticated`, 'X-Request-Id: 1'],
    'X-Kept: 1',
  ];
  const withoutNamed = (raw: readonly string[]) => {
    const named = raw.flatMap((name, at) => (name.toLowerCase() === 'connection' ? [raw[at + 1] ?? ''] : [])).join(',');
    const gone = new RegExp(`^(connection|transfer-encoding|x-removed|${named.replaceAll(/, */g, '|')})$`, 'i');
    return raw.filter((_text, at) => !gone.test(raw[at - (at % 2)] ?? ''));
  };
  const { received } = await exchange(t, fields, get('1.1', 'TE: trailers'), {
    options: () => ({ rewriteHeaders: withoutNamed }),
  });
  assert.deepEqual(received, ['x-own: 1', 'x-kept: 1']);
});
