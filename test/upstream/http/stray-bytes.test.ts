/** Bytes that an upstream sends beyond a response: each of 24 clients on shared connections gets its own response. */
import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { after, before, type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { caFile, LOOPBACK_CERTIFICATE, TEST_KEY } from '../../support/certificates.ts';
import { startGateway } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { type Provider, startProvider } from '../../support/provider.ts';
import { connectRaw, type RawClient } from '../../support/raw.ts';
import { scrape } from '../../support/scrape.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { upstreamClient } from '../../support/upstream-client.ts';
import { until } from '../../support/wait.ts';

const CALLERS = 24;
const ROUNDS = 3;
const POISON = 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison';
const own = (target: string) => `HTTP/1.1 200 OK\r\nContent-Length: ${target.length}\r\n\r\n${target}`;

let provider: Provider;
before(async () => {
  provider = await startProvider();
});
after(() => provider.stop());

/** When the upstream sends the surplus bytes. */
type When = 'in the same write' | 'in the next turn' | 'at the next request' | 'on command';

interface Fault {
  /** The complete response to a request to `/api/bad`. */
  readonly response: string;
  readonly surplus: string;
  readonly when: When;
}

/** Starts a gateway with an upstream that is faulty at `/api/bad`; other paths are echoed. */
async function startFaulty(t: TestContext, secure: boolean, fault: Fault, config: Partial<ConfigInput> = {}) {
  const pending = new Map<Socket, string>();
  const holding: (() => void)[] = [];
  const sockets = new Set<Socket>();
  let reused = 0;
  const respond = (socket: Socket, _number: number, head: string) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    const target = head.split(' ')[1] ?? '';
    const late = pending.get(socket);
    pending.delete(socket);
    if (late !== undefined) {
      reused += 1;
      socket.write(late);
    }
    if (target.startsWith('/api/together')) {
      holding.push(() => socket.write(own(target)));
      if (holding.length === CALLERS) for (const release of holding.splice(0)) release();
    } else if (!target.startsWith('/api/bad')) socket.write(own(target));
    else if (fault.when === 'in the same write') socket.write(fault.response + fault.surplus);
    else {
      socket.write(fault.response);
      if (fault.when === 'in the next turn') setImmediate(() => socket.write(fault.surplus));
      else pending.set(socket, fault.surplus);
    }
  };
  const tls = secure ? { key: TEST_KEY, cert: LOOPBACK_CERTIFICATE } : undefined;
  const upstream = await startRawUpstream(respond, '127.0.0.1', false, tls);
  t.after(() => upstream.close());
  const upstreamCa = secure ? { upstreamCa: caFile(t) } : {};
  // Generous, because all peers share one process: no test here is about time limits.
  const shared = { timeouts: { connect: '60s', headers: '60s' }, rules: [{ token: 'none' as const }], ...upstreamCa };
  const routes = [{ path: '/api/**', upstream: upstream.origin, ...shared }];
  const gateway = await startGateway({ provider, routes, config });
  const port = Number(new URL(gateway.url).port);
  const callers = await Promise.all(Array.from({ length: CALLERS }, () => connectRaw(port)));
  t.after(async () => {
    for (const caller of callers) caller.destroy();
    await gateway.stop();
  });
  const request = (target: string, method = 'GET') =>
    `${method} ${target} HTTP/1.1\r\nHost: localhost:${port}\r\n${method === 'POST' ? 'Content-Length: 0\r\n' : ''}\r\n`;
  return {
    upstream,
    callers,
    sockets,
    request,
    log: () => gateway.logText(),
    /** Number of requests on connections with pending surplus bytes. */
    reused: () => reused,
    /** Sends the pending surplus bytes. */
    sendSurplus() {
      for (const [socket, surplus] of pending) socket.write(surplus);
      pending.clear();
    },
    /** Sends one request of each client concurrently; returns the statuses. */
    async all(prefix: string, method = 'GET') {
      const sendAs = async (caller: RawClient, number: number) => {
        const target = `${prefix}/${number}`;
        await caller.send(request(target, method));
        const { status, text } = await caller.response({ method });
        if (!prefix.startsWith('/api/bad')) assert.deepEqual([status, text], [200, target]);
        return status;
      };
      return await Promise.all(callers.map(sendAs));
    },
    /** Asserts in several rounds that every client gets its own response. */
    async assertOwnResponses(method = 'GET') {
      for (let round = 0; round < ROUNDS; round += 1) await this.all(`/api/me/${round}`, method);
    },
  };
}

const empty: [string, string, string][] = [
  ['204 with a length', 'GET', 'HTTP/1.1 204 No Content\r\nContent-Length: 44\r\n\r\n'],
  ['204 in chunks', 'GET', 'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['204 that announces nothing', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['204 to a POST', 'POST', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['304 with a length', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nContent-Length: 44\r\n\r\n'],
  ['304 in chunks', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['304 that announces nothing', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\nKeep-Alive: timeout=60\r\n\r\n'],
  ['HEAD with a length', 'HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n'],
  ['HEAD in chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
  ['HEAD that announces nothing', 'HEAD', 'HTTP/1.1 200 OK\r\n\r\n'],
];
const full: [string, string][] = [
  ['a second response', POISON],
  ['a line break', '\r\n'],
  ['an end of chunks', '0\r\n\r\n'],
];
const complete = own('/api/bad/1');
/** undici skips a line break before a response, and refuses other surplus bytes where the own client sends again. */
const isOwn = upstreamClient === 'own';

for (const secure of [false, true]) {
  const by = secure ? 'TLS' : 'plain TCP';

  for (const [name, method, response] of empty)
    for (const surplus of name.includes('chunks') ? [POISON, '0\r\n\r\n'] : [POISON])
      for (const when of ['in the same write', 'in the next turn', 'at the next request'] as const)
        test(`D01 ${by}, ${name}, then ${surplus === POISON ? 'a body' : 'an end of chunks'} ${when}`, async (t) => {
          const faulty = await startFaulty(t, secure, { response, surplus, when });
          const statuses = new Set(await faulty.all('/api/bad', method));
          assert.deepEqual([...statuses], [Number(response.slice(9, 12))]);
          await faulty.assertOwnResponses(method === 'HEAD' ? 'GET' : method);
          assert.equal(faulty.reused(), 0);
        });

  for (const [name, surplus] of full) {
    test(`D01 ${by}, ${name} beyond a complete response, in the same write`, async (t) => {
      const faulty = await startFaulty(t, secure, { response: complete, surplus, when: 'in the same write' });
      assert.deepEqual([...new Set(await faulty.all('/api/bad'))], [200]);
      await faulty.assertOwnResponses('POST');
    });

    test(`D01 ${by}, ${name} beyond a complete response, while the connection is idle`, async (t) => {
      const faulty = await startFaulty(t, secure, { response: complete, surplus, when: 'on command' });
      assert.deepEqual([...new Set(await faulty.all('/api/bad'))], [200]);
      faulty.sendSurplus();
      await until(() => faulty.upstream.openConnections() === 0, { what: 'the connections are closed' });
      await faulty.assertOwnResponses('POST');
    });

    if (isOwn || surplus !== '\r\n')
      test(`D01 ${by}, after ${name} was found once, no connection carries two requests`, async (t) => {
        const faulty = await startFaulty(t, secure, { response: complete, surplus, when: 'on command' });
        await faulty.callers[0]?.send(faulty.request('/api/bad/1'));
        await faulty.callers[0]?.response();
        faulty.sendSurplus();
        await until(() => faulty.upstream.openConnections() === 0, { what: 'the connection is closed' });
        assert.match(faulty.log(), /bytes beyond a response/);
        // From now on the surplus arrives with the next request, where it cannot be distinguished from a response.
        for (let round = 0; round < ROUNDS; round += 1) {
          await faulty.all('/api/bad');
          await faulty.all(`/api/me/${round}`, 'POST');
        }
        assert.equal(faulty.reused(), 0);
      });

    test(`D01 ${by}, ${name} that arrives together with the next request`, async (t) => {
      const faulty = await startFaulty(t, secure, { response: complete, surplus, when: 'on command' });
      await faulty.all('/api/together');
      const stale = [...faulty.sockets];
      assert.equal(stale.length, CALLERS);
      // In this order within one event loop turn, so that the gateway reads the requests before the bytes.
      faulty.callers.forEach((caller, number) => void caller.socket.write(faulty.request(`/api/me/${number}`, 'POST')));
      for (const socket of stale) socket.write(surplus);
      const texts = await Promise.all(faulty.callers.map(async (caller) => (await caller.response()).text));
      assert.deepEqual(
        texts,
        faulty.callers.map((_, number) => `/api/me/${number}`),
      );
      assert.equal(faulty.upstream.heads.length, 2 * CALLERS);
    });
  }

  for (const [name, surplus] of isOwn ? full.slice(1) : [])
    for (const method of ['GET', 'POST'])
      test(`D01 ${by}, ${name} beyond a complete response, after the next ${method} was sent`, async (t) => {
        const faulty = await startFaulty(t, secure, { response: complete, surplus, when: 'at the next request' });
        assert.deepEqual([...new Set(await faulty.all('/api/bad'))], [200]);
        await faulty.assertOwnResponses(method);
        assert.ok(faulty.reused() > 0);
        // A request that may not be sent twice arrives once: a leftover is skipped before its own response.
        const posts = faulty.upstream.heads.filter((head) => head.startsWith('POST'));
        assert.equal(posts.length, method === 'POST' ? CALLERS * ROUNDS : 0);
        assert.match(faulty.log(), /bytes beyond a response/);
      });

  test(`D01 ${by}, connections that end together with the next request`, async (t) => {
    const faulty = await startFaulty(t, secure, { response: complete, surplus: '', when: 'on command' });
    await faulty.all('/api/together');
    const stale = [...faulty.sockets];
    faulty.callers.forEach((caller, number) => void caller.socket.write(faulty.request(`/api/me/${number}`, 'POST')));
    for (const socket of stale) socket.destroy();
    const texts = await Promise.all(faulty.callers.map(async (caller) => (await caller.response()).text));
    assert.deepEqual(
      texts,
      faulty.callers.map((_, number) => `/api/me/${number}`),
    );
  });
}

if (isOwn)
  test('D01 408 on an idle connection is not the response to the next request, and does not stop reuse', async (t) => {
    const surplus = 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';
    const faulty = await startFaulty(t, false, { response: complete, surplus, when: 'on command' });
    await faulty.all('/api/bad');
    faulty.sendSurplus();
    await until(() => faulty.upstream.openConnections() === 0, { what: 'the connections are closed' });
    await faulty.all('/api/together');
    const connections = faulty.upstream.connections();
    await faulty.assertOwnResponses('POST');
    assert.equal(faulty.upstream.connections(), connections);
  });

test('D01 an upstream whose connections are not reused is counted in the metrics', async (t) => {
  const port = await freePort();
  const fault = { response: complete, surplus: POISON, when: 'on command' } as const;
  const faulty = await startFaulty(t, false, fault, { admin: { port } });
  const count = async () =>
    (await scrape(`http://127.0.0.1:${port}`)).value('bff_upstream_surplus_total{app="main",route="/api/**"}');
  await faulty.all('/api/me');
  assert.equal(await count(), 0);
  await faulty.callers[0]?.send(faulty.request('/api/bad/1'));
  await faulty.callers[0]?.response();
  faulty.sendSurplus();
  await until(async () => (await count()) === 1, { what: 'the fault is counted' });
});
