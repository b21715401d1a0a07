/** Three gateways at full speed with random faults for a while: what ended must stay ended, what did not must go on. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { status } from '../test/support/provider-lies.ts';
import { startRedis } from '../test/support/redis.ts';
import { startReplicas } from '../test/support/replicas.ts';
import { CSRF } from '../test/support/world.ts';
import { Ledger, type User } from './soak-ledger.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    users: { type: 'string', default: '30' },
    report: { type: 'string', default: 'test-results/soak.json' },
  },
});
const DURATION = Number(values.minutes) * 60_000;
const ends: (() => unknown)[] = [];
const redis = await startRedis();
const world = await startReplicas({ after: (end) => void ends.unshift(end as () => unknown) }, 3, redis.url, {
  provider: { settings: { accessTokenLifetime: 5_000 } },
});
const { provider, upstream, gateways } = world;
// Only what is looked at is kept: a recorder that keeps everything would be the leak.
upstream.answer((_req, res) => {
  upstream.requests.splice(0);
  res.end('ok');
});

const began = Date.now();
const over = () => Date.now() - began > DURATION;
const ledger = new Ledger();
const random = (below: number) => Math.floor(Math.random() * below);
const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;

async function signIn(user: User): Promise<void> {
  provider.next.nextUser = { sub: user.sub, claims: {} };
  const browser = world.gateway.browser();
  const page = await browser.navigate('/login?returnTo=/app').catch(() => undefined);
  const cookie = browser.cookieHeader('/');
  browser.close();
  if (page?.url.pathname === '/app' && cookie.includes('bff=')) ledger.began(user, cookie);
}

async function signOut(user: User): Promise<void> {
  const { cookie } = user;
  const answer = await fetch(`${pick(gateways).ownUrl}/logout`, {
    method: 'POST',
    headers: { cookie: cookie ?? '', ...CSRF },
  }).catch(() => undefined);
  await answer?.body?.cancel();
  if (answer?.status === 200) ledger.ended(user);
}

async function call(user: User): Promise<void> {
  const { cookie = '' } = user;
  const asked = Date.now();
  const answer = await world.callAt(pick(gateways), cookie).catch(() => undefined);
  await answer?.body?.cancel();
  ledger.answered(user, cookie, asked, answer?.status ?? 0);
}

/** One user who calls, now and then signs out, and in again. */
async function live(user: User): Promise<void> {
  while (!over()) {
    if (user.cookie === undefined) await signIn(user);
    else if (Math.random() < 0.002) await signOut(user);
    else await call(user);
    // The cookie of a session that ended is tried too: it must be worth nothing.
    if (user.former !== undefined && Math.random() < 0.05) await call({ ...user, cookie: user.former });
    if (user.cookie === undefined) await sleep(50);
  }
}

const FAULTS: Record<string, () => Promise<void>> = {
  async 'Redis is silent'() {
    redis.pause();
    await sleep(500 + random(2_000));
    redis.resume();
  },
  async 'the provider answers 503'() {
    provider.behaviour.token = () => status(503);
    await sleep(500 + random(3_000));
    provider.behave();
  },
  async 'the key set answers 503'() {
    provider.behaviour.jwks = () => status(503);
    await sleep(500 + random(2_000));
    provider.behave();
  },
  async 'the provider rotates its key'() {
    provider.rotateKeys();
    await sleep(1_500);
  },
  async 'the upstream resets'() {
    upstream.answer((req) => req.socket.resetAndDestroy());
    await sleep(300 + random(1_000));
    upstream.answer((_req, res) => {
      upstream.requests.splice(0);
      res.end('ok');
    });
  },
};

async function weather(): Promise<void> {
  while (!over()) {
    await sleep(2_000 + random(4_000));
    const name = pick(Object.keys(FAULTS));
    ledger.fault(name);
    await FAULTS[name]?.();
  }
}

async function watchMemory(): Promise<void> {
  while (!over()) {
    await sleep(5_000);
    provider.clearCalls();
    ledger.memory(process.memoryUsage().rss);
  }
}

const users: User[] = Array.from({ length: Number(values.users) }, (_, n) => ({ sub: `user-${n}` }));
for (const user of users) await signIn(user);
await Promise.all([...users.map(live), weather(), watchMemory()]);

// When the weather is calm again everybody who did not sign out is signed in.
await sleep(3_000);
for (const user of users) if (user.cookie !== undefined) await call(user);
const report = ledger.report(Date.now() - began);
writeFileSync(values.report, `${JSON.stringify(report, null, 2)}\n`);
console.log(JSON.stringify(report, null, 2));
for (const end of ends) await end();
await redis.stop();
process.exit(report.violations.length === 0 ? 0 : 1);
