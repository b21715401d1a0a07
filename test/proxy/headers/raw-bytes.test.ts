/** Field values of an upstream are bytes: each reaches the client unchanged, in any order and with any framing. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { startGateway, type TestGateway } from '../../support/gateway.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { rawRequest } from '../../support/raw.ts';
import { type RawUpstream, startRawUpstream } from '../../support/upstream.ts';

const utf8 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');
const FILENAME = `attachment; filename="${utf8('日本.pdf')}"`;
/** Every byte above ASCII, which is not valid UTF-8. */
const ALL = `x${Buffer.from(Array.from({ length: 128 }, (_, index) => index + 128)).toString('latin1')}x`;

let provider: Provider;
let upstream: RawUpstream;
let gateway: TestGateway;
let respond: (socket: Socket) => unknown = () => {};
before(async () => {
  provider = await startProvider();
  upstream = await startRawUpstream((socket) => respond(socket));
  const rules = [{ token: 'none' as const }];
  gateway = await startGateway({
    provider,
    routes: [{ path: '/api/**', upstream: upstream.origin, rules, setCookie: 'forward' }],
  });
});
after(async () => {
  await gateway.stop();
  await upstream.close();
  await provider.stop();
});

/** Sends one request; the upstream writes the parts in packets of their own. */
async function request(parts: readonly string[], method = 'GET') {
  respond = (socket) => {
    const [first = '', ...rest] = parts;
    socket.write(first, 'latin1');
    rest.forEach((part, index) => void setTimeout(() => socket.write(part, 'latin1'), 30 * (index + 1)));
  };
  const port = Number(new URL(gateway.url).port);
  return await rawRequest(port, `${method} /api/x HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`, { method });
}

const fields: [string, string][] = [
  ['Content-Disposition', FILENAME],
  ['content-disposition', ALL],
  ['X-Name', utf8('Zoë')],
  ['X-All', ALL],
  ['Location', `/${utf8('é')}`],
  ['Location', `http://other.example/${ALL}`],
  ['Set-Cookie', `name=${ALL}`],
  ['ETag', `"${ALL}"`],
  ['Content-Type', `text/plain; name="${ALL}"`],
  ['Link', `</${ALL}>`],
];

for (const [name, value] of fields) {
  const field = `${name}: ${value}\r\n`;
  const length = 'Content-Length: 2\r\n';
  const chunked = 'Transfer-Encoding: chunked\r\n';
  const shapes: [string, string[], string?][] = [
    ['a length first', [`HTTP/1.1 200 OK\r\n${length}${field}\r\nok`]],
    ['a length last', [`HTTP/1.1 200 OK\r\n${field}${length}\r\nok`]],
    ['a length and a late body', [`HTTP/1.1 200 OK\r\n${length}${field}\r\n`, 'ok']],
    ['a length of 0', [`HTTP/1.1 200 OK\r\nContent-Length: 0\r\n${field}\r\n`]],
    ['chunks', [`HTTP/1.1 200 OK\r\n${chunked}${field}\r\n2\r\nok\r\n0\r\n\r\n`]],
    ['late chunks', [`HTTP/1.1 200 OK\r\n${field}${chunked}\r\n`, '2\r\nok\r\n0\r\n\r\n']],
    ['HEAD', [`HTTP/1.1 200 OK\r\n${length}${field}\r\n`], 'HEAD'],
    ['304', [`HTTP/1.1 304 Not Modified\r\n${length}${field}\r\n`]],
    ['204', [`HTTP/1.1 204 No Content\r\n${length}${field}\r\n`]],
    ['a refusal', [`HTTP/1.1 403 Forbidden\r\n${length}${field}\r\nok`]],
  ];
  test(`D13 ${name} with ${value === ALL ? 'every byte above ASCII' : 'UTF-8'} reaches the client unchanged`, async () => {
    for (const [shape, parts, method] of shapes) {
      const response = await request(parts, method);
      assert.equal(response.status, Number(parts[0]?.slice(9, 12)), shape);
      assert.equal(response.header(name), value, shape);
    }
  });
}

test('D13 Link of 103 with every byte above ASCII reaches the client unchanged', async () => {
  const { informational } = await request([
    `HTTP/1.1 103 Early Hints\r\nLink: </${ALL}>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n`,
  ]);
  assert.equal(informational[0]?.header('link'), `</${ALL}>`);
});

test('D13 a trailer with every byte above ASCII does not harm the response', async () => {
  const response = await request([
    `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Name: ${ALL}\r\n\r\n`,
  ]);
  assert.deepEqual([response.status, response.text], [200, 'ok']);
});
