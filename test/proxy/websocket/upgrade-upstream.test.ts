/** WebSockets through the whole data plane, with a real client and a real upstream. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, beforeEach, test } from 'node:test';
import { WebSocket } from 'ws';
import { sessionOf, startDataPlane } from '../../support/data-plane.ts';
import { configOf, PUBLIC } from '../../support/route-fixtures.ts';
import { startUpstream, type Upstream } from '../../support/upstream.ts';
import { within } from '../../support/wait.ts';

let upstream: Upstream;
let gateway: Awaited<ReturnType<typeof startDataPlane>>;

before(async () => {
  upstream = await startUpstream({ websocket: true });
  gateway = await startDataPlane(
    configOf([{ upstream: `${upstream.origin}/base`, stripPrefix: '/api', websocket: true }]),
  );
});
after(async () => {
  await gateway.close();
  await upstream.close();
});
beforeEach(() => {
  upstream.upgrades.length = 0;
  gateway.state.usable = (session) => ({ kind: 'active', session });
});

function open(headers: Record<string, string>) {
  const all = { host: 'shop.example.com', origin: PUBLIC, ...headers };
  return new WebSocket(`ws://127.0.0.1:${gateway.port}/api/ws?x=1`, 'chat', { headers: all });
}

/** Returns the status with which a handshake is refused. */
async function refusal(headers: Record<string, string>): Promise<number> {
  const socket = open(headers);
  const [, response] = await within(once(socket, 'unexpected-response'), 'a refusal');
  response.destroy();
  return response.statusCode;
}

test('R40 a handshake without a session gets 401, from a foreign origin 403, and the upstream is not contacted', async () => {
  assert.equal(await refusal({}), 401);
  assert.equal(await refusal({ cookie: '__Host-bff=nobody' }), 401);
  assert.equal(await refusal({ cookie: '__Host-bff=alice', origin: 'https://evil.test' }), 403);
  assert.equal(upstream.upgrades.length + upstream.requests.length, 0);
});

for (const kind of ['active', 'refreshed'] as const) {
  test(`R40 R27 PX-06 with a session (${kind}) the upstream gets a valid token and no cookie or header of the gateway`, async () => {
    const accessToken = `token-${kind}`;
    gateway.state.usable = async () => ({ kind, session: sessionOf('alice', { accessToken }) });
    const socket = open({
      cookie: 'a=1; __Host-bff=alice; __Host-bff-login-x=1; b=2',
      authorization: 'Bearer forged',
      'x-forwarded-user': 'forged',
      'x-forwarded-for': '6.6.6.6',
    });
    await within(once(socket, 'open'), 'the WebSocket');
    socket.send('hello');
    const [message] = await within(once(socket, 'message'), 'the echo');
    assert.equal(String(message), 'hello');
    assert.equal(socket.protocol, 'chat');
    const [seen] = upstream.upgrades;
    assert.equal(seen?.target, '/base/ws?x=1');
    assert.equal(seen?.header('authorization'), `Bearer ${accessToken}`);
    assert.equal(seen?.header('cookie'), 'a=1; b=2');
    assert.equal(seen?.header('x-forwarded-for'), '127.0.0.1');
    assert.equal(seen?.header('host'), new URL(upstream.origin).host);
    assert.doesNotMatch(JSON.stringify(seen?.headers), /forged|6\.6\.6\.6|__Host-bff/);
    socket.close();
    await within(once(socket, 'close'), 'the end');
  });
}

test('R43 the tunnel is registered for the session, and ends with it', async () => {
  const socket = open({ cookie: '__Host-bff=alice' });
  await within(once(socket, 'open'), 'the WebSocket');
  assert.equal(gateway.streams.size(), 1);
  const closed = once(socket, 'close');
  gateway.streams.closeAll('key-of-alice');
  await within(closed, 'the end of the tunnel');
});
