/** Requests and responses through the forwarder, seen from a raw client and a recording upstream. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { type EdgeOptions, route, startEdge } from '../../support/edge.ts';
import { connectRaw, rawRequest } from '../../support/raw.ts';
import { startUpstream, type UpstreamOptions } from '../../support/upstream.ts';

async function world(t: TestContext, upstreamOptions: UpstreamOptions = {}, edgeOptions: EdgeOptions = {}) {
  const upstream = await startUpstream(upstreamOptions);
  const edge = await startEdge(route(upstream.origin), edgeOptions);
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  return { upstream, edge };
}

const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex');

test('target, header order and spelling, and the body arrive as they were sent', async (t) => {
  const { edge } = await world(t);
  const sent =
    'POST /a%2Fb//c?x=%2B+1 HTTP/1.1\r\nHost: gw\r\nX-B: 1\r\nx-a: \xe9\r\nX-B: 2\r\nContent-Length: 2\r\n\r\nhi';
  const response = await rawRequest(edge.port, sent);
  assert.equal(response.status, 200);
  const seen = JSON.parse(response.text);
  assert.equal(seen.target, '/a%2Fb//c?x=%2B+1');
  const own = seen.headers.filter(([name]: [string, string]) => name.toLowerCase().startsWith('x-'));
  assert.deepEqual(own, [
    ['X-B', '1'],
    ['x-a', '\xe9'],
    ['X-B', '2'],
  ]);
  assert.equal(seen.sha256, sha256('hi'));
});

for (const method of ['DELETE', 'OPTIONS', 'GET', 'POST']) {
  test(`R35 PX-08 a chunked ${method} whose body looks like a request is one request upstream`, async (t) => {
    const { upstream, edge } = await world(t);
    const smuggled = 'GET /admin HTTP/1.1\r\nHost: gw\r\n\r\n';
    const client = await connectRaw(edge.port);
    t.after(() => client.destroy());
    const chunk = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;
    await client.send(`${method} /one HTTP/1.1\r\nHost: gw\r\nTransfer-Encoding: chunked\r\n\r\n${chunk}`);
    const first = JSON.parse((await client.response()).text);
    assert.deepEqual([first.method, first.target, first.sha256], [method, '/one', sha256(smuggled)]);
    await client.send('GET /two HTTP/1.1\r\nHost: gw\r\n\r\n');
    assert.equal(JSON.parse((await client.response()).text).target, '/two');
    assert.deepEqual(
      upstream.requests.map(({ target }) => target),
      ['/one', '/two'],
    );
  });

  test(`R35 PX-08 ${method} keeps the Content-Length of its body`, async (t) => {
    const { edge } = await world(t);
    const response = await rawRequest(
      edge.port,
      `${method} / HTTP/1.1\r\nHost: gw\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
    );
    const seen = JSON.parse(response.text);
    const framing = seen.headers.filter(([name]: [string]) => /^(content-length|transfer-encoding)$/i.test(name));
    assert.deepEqual(
      framing.map(([name, value]: [string, string]) => [name.toLowerCase(), value]),
      [['content-length', '5']],
    );
    assert.equal(seen.sha256, sha256('0\r\n\r\n'));
  });
}

test('R36 PX-16 bodies of every type and method arrive byte for byte', async (t) => {
  const { edge } = await world(t);
  const binary = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256));
  const bodies: [string, Buffer][] = [
    ['application/json', Buffer.from('{"a":"\\u00e9"}')],
    ['application/x-www-form-urlencoded', Buffer.from('a=1&b=%20')],
    [
      'multipart/form-data; boundary=x',
      Buffer.from('--x\r\nContent-Disposition: form-data; name="f"\r\n\r\n\0\x01\r\n--x--\r\n'),
    ],
    ['application/octet-stream', binary],
  ];
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    for (const [type, body] of bodies) {
      const head = `${method} / HTTP/1.1\r\nHost: gw\r\nContent-Type: ${type}\r\n`;
      const whole = await rawRequest(
        edge.port,
        Buffer.concat([Buffer.from(`${head}Content-Length: ${body.length}\r\n\r\n`), body]),
      );
      assert.equal(JSON.parse(whole.text).sha256, sha256(body), `${method} ${type}`);
      const chunk = Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]);
      const chunked = await rawRequest(
        edge.port,
        Buffer.concat([Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n`), chunk]),
      );
      assert.equal(JSON.parse(chunked.text).sha256, sha256(body), `chunked ${method} ${type}`);
    }
  }
});

test('R36 the first bytes reach the upstream before the last are sent, and the response may start before that', async (t) => {
  const { upstream, edge } = await world(t, {
    readBody: 'before',
    script: (req, res) => {
      res.writeHead(200);
      req.once('data', (chunk) => res.write(chunk));
      req.on('end', () => res.end('.'));
    },
  });
  const client = await connectRaw(edge.port);
  t.after(() => client.destroy());
  await client.send('POST / HTTP/1.1\r\nHost: gw\r\nContent-Length: 10\r\n\r\nfirst');
  const recorded = await upstream.request(0);
  await client.until('first');
  assert.equal(recorded.complete, false);
  await client.send('-last');
  await client.until('0\r\n\r\n');
  assert.equal(recorded.body.toString(), 'first-last');
});

test('an HTTP/1.0 client gets a close-delimited response, and no 1xx', async (t) => {
  const { edge } = await world(t, {
    script: (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload' });
      res.write('one');
      res.end('two');
    },
  });
  const response = await rawRequest(edge.port, 'GET / HTTP/1.0\r\nHost: gw\r\n\r\n');
  assert.equal(response.header('transfer-encoding'), undefined);
  assert.equal(response.text, 'onetwo');
  assert.deepEqual(response.informational, []);
});

test('a 103 response passes with its Link, before the final one', async (t) => {
  const { edge } = await world(t, {
    script: (_req, res) => {
      res.writeEarlyHints({ link: '</a.css>; rel=preload', 'set-cookie': 'a=1' });
      res.end('done');
    },
  });
  const response = await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  const [early] = response.informational;
  assert.equal(early?.status, 103);
  assert.deepEqual(early?.headers, [['Link', '</a.css>; rel=preload']]);
  assert.equal(response.text, 'done');
});

test('PX-14 a redirect of the upstream is passed on, not followed', async (t) => {
  const { upstream: canary } = await world(t);
  const { edge } = await world(t, {
    script: (_req, res) => {
      res.writeHead(302, { location: `${canary.origin}/x` }).end();
    },
  });
  const response = await rawRequest(edge.port, 'GET / HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer t\r\n\r\n');
  assert.equal(response.status, 302);
  assert.equal(response.header('location'), `${canary.origin}/x`);
  assert.equal(canary.connections(), 0);
});

test('trailers of a response are dropped for a client that does not ask for them, and the response is complete', async (t) => {
  const { edge } = await world(t, {
    script: (_req, res) => {
      res.writeHead(200, { trailer: 'x-sum' });
      res.write('body');
      res.addTrailers({ 'x-sum': '1' });
      res.end();
    },
  });
  const client = await connectRaw(edge.port);
  t.after(() => client.destroy());
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  assert.equal((await client.response()).text, 'body');
  assert.equal(client.unread().length, 0);
});
