/** Soak test: three replicas under full load with random faults, on request over TLS and HTTP/2. Ended sessions must stay ended, all others must keep working. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type GatewayProcess, startProcess } from '../test/support/process.ts';
import { startProvider } from '../test/support/provider.ts';
import { startRedis } from '../test/support/redis.ts';
import { temporaryFolder } from '../test/support/tls-files.ts';
import { startUpstream } from '../test/support/upstream.ts';
import { CSRF } from '../test/support/world.ts';
import { createTrustedCertificate } from './certificate.ts';
import { signIn as signInAt } from './load/browser.ts';
import { createHttp2Client, http1Client } from './soak-clients.ts';
import { injectFaults, random, respondNormally } from './soak-faults.ts';
import { Ledger, type Sample, type User } from './soak-ledger.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    users: { type: 'string', default: '30' },
    tls: { type: 'boolean', default: false },
    report: { type: 'string', default: 'test-results/soak.json' },
  },
});
const DURATION_MS = Number(values.minutes) * 60_000;
const SAMPLE_MS = 2_000;
interface SimulatedUser extends User {
  number: number;
}

const ends: (() => Promise<void>)[] = [];
const testContext = { after: (end: () => Promise<void>) => void ends.unshift(end) };
const [redis, upstream, provider] = [
  await startRedis(),
  await startUpstream(),
  await startProvider({ settings: { accessTokenLifetime: 5_000 } }),
];
respondNormally(upstream);

/** Each replica is a separate process, so that its memory can be measured. */
const config = {
  session: { store: { redis: { url: redis.url } } },
  routes: [{ path: '/api/**', upstream: upstream.origin, timeouts: { headers: '2s' } }],
  limits: { loginsPerMinute: 0, drainDelay: '500ms' },
  log: { level: 'error' as const },
};
const tls = values.tls ? { tls: createTrustedCertificate(temporaryFolder(testContext, 'soak')) } : {};
const first = await startProcess(testContext, { provider, config, ...tls });
const shared = { provider, config, ...tls, publicUrl: first.url, key: first.key };
const gateways = [first, await startProcess(testContext, shared), await startProcess(testContext, shared)] as const;

const startedAt = Date.now();
const isOver = () => Date.now() - startedAt > DURATION_MS;
const ledger = new Ledger();

async function signIn(user: User): Promise<void> {
  provider.next.nextUser = { sub: user.sub, claims: {} };
  const cookie = await signInAt(`${first.url}/login?returnTo=/app`).catch(() => '');
  if (cookie.includes('bff=')) ledger.signedIn(user, cookie);
}

/** With TLS half of the users speak HTTP/2, several on one connection. */
const http2Clients = values.tls ? [createHttp2Client(), createHttp2Client(), createHttp2Client()] : [];

const clientOf = ({ number }: SimulatedUser) => (number % 2 === 0 && http2Clients[(number / 2) % 3]) || http1Client;

function send(user: SimulatedUser, path: string, cookie: string, method = 'GET'): Promise<number> {
  const { ownUrl: origin } = gateways[random(gateways.length)] ?? first;
  return clientOf(user).send({ origin, path, method, headers: { cookie, ...CSRF } });
}

async function request(user: SimulatedUser, cookie = user.cookie ?? ''): Promise<void> {
  const sentAt = Date.now();
  ledger.responded(user, cookie, sentAt, await send(user, '/api/x', cookie));
}

async function signOut(user: SimulatedUser, cookie: string): Promise<void> {
  const status = await send(user, '/logout', cookie, 'POST');
  if (status === 200) ledger.signedOut(user);
  // Nobody knows whether the session ended: Redis may execute after its pause what the gateway no longer waited for.
  else if (status === 0 || status >= 500) delete user.cookie;
}

/** One user who sends requests and from time to time signs out and in again. */
async function simulate(user: SimulatedUser): Promise<void> {
  while (!isOver()) {
    if (user.cookie === undefined) await signIn(user);
    else if (Math.random() > 0.002) await request(user);
    else await signOut(user, user.cookie);
    // Also tries the cookie of the ended session, which must be refused.
    if (user.former !== undefined && Math.random() < 0.05) await request(user, user.former);
    if (user.cookie === undefined) await sleep(50);
  }
}

async function sampleOf(gateway: GatewayProcess): Promise<Sample> {
  const metrics = await (await fetch(`${gateway.adminUrl}/metrics`)).text();
  const [, heap = '0'] = /^nodejs_heap_size_used_bytes (\S+)/m.exec(metrics) ?? [];
  return { resident: gateway.memory(), heap: Number(heap) };
}

async function watchMemory(): Promise<void> {
  while (!isOver()) {
    await sleep(SAMPLE_MS);
    // The test provider records all requests; without this the test process itself would leak.
    provider.discardExpired();
    // The third replica is restarted by a fault, so its memory is not comparable over time.
    ledger.memory('gateway 1', await sampleOf(gateways[0]));
    ledger.memory('gateway 2', await sampleOf(gateways[1]));
    const { rss: resident, heapUsed: heap } = process.memoryUsage();
    ledger.memory('the test process', { resident, heap });
  }
}

const users: SimulatedUser[] = Array.from({ length: Number(values.users) }, (_, number) => ({
  number,
  sub: `user-${number}`,
}));
for (const user of users) await signIn(user);
const fault = (name: string) => ledger.fault(name);
const faults = injectFaults({ redis, provider, upstream, restarted: gateways[2], fault }, isOver);
await Promise.all([...users.map(simulate), faults, watchMemory()]);

// After the last fault all users who did not sign out must still be signed in.
await sleep(3_000);
for (const user of users) if (user.cookie !== undefined) await request(user);
const report = ledger.report(Date.now() - startedAt);
mkdirSync(dirname(values.report), { recursive: true });
writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report, null, 2));
for (const end of ends) await end();
await Promise.all([provider.stop(), upstream.close(), redis.stop()]);
process.exit(report.verdict === 'passed' ? 0 : 1);
