/** Cost of sessions: bytes of one in Redis and in the process, and CPU per request with 1 and with 100,000 of them. */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { heapAfterCollection } from './heap.ts';
import { HEADERS, signIn } from './load/browser.ts';
import { runWrk } from './load/wrk.ts';
import { cpuOf, stopAll } from './processes.ts';
import { OTHER_CORE, type RunningContender, startGatewayContender } from './running.ts';
import { PORTS } from './services.ts';

const { values } = parseArgs({
  options: {
    users: { type: 'string', default: '2000' },
    sessions: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '10' },
  },
});
const users = Number(values.users);
const seconds = Number(values.seconds);
/** Concurrent sign-ins and requests. */
const CONCURRENCY = 8;

/** Runs `work` `count` times, `AT_ONCE` at a time. */
async function repeat(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

/** CPU time per request of the gateway and of Redis. */
async function requestCost({ url, cookie, pid }: RunningContender, redis: number): Promise<string> {
  const before = [cpuOf(pid), cpuOf(redis)];
  const target = { url: `${url}/api/small.json`, headers: { cookie }, connections: 64, seconds, core: OTHER_CORE };
  const { requests } = await runWrk(target);
  const [own = 0, store = 0] = [cpuOf(pid), cpuOf(redis)].map((after, at) => (after - (before[at] ?? 0)) / requests);
  return `${own.toFixed(1)} us, Redis ${store.toFixed(2)} us`;
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0);
}

/** Copies session records under new keys until Redis holds the target number. */
async function copySessions(redis: Redis, target: number): Promise<void> {
  const names = (await redis.keys('*')).filter((name) => /:(session|tokens)$/.test(name));
  for (let copy = 1; copy < target / users; copy += 1) {
    const pipeline = redis.pipeline();
    for (const name of names) pipeline.copy(name, name.replace('{', `{${copy}-`));
    await pipeline.exec();
  }
}

async function run(): Promise<void> {
  const { gateway, services } = await startGatewayContender();
  const redis = new Redis(PORTS.redis);
  await requestCost(gateway, services.pids.redis);
  console.log(`request, 1 session: ${await requestCost(gateway, services.pids.redis)}`);

  const [empty, cookies]: [number, string[]] = [await usedMemory(redis), []];
  await repeat(users, async () => void cookies.push(await signIn(`${gateway.url}${gateway.login}`)));
  console.log(`Redis, bytes per session: ${Math.round(((await usedMemory(redis)) - empty) / users)}`);

  await copySessions(redis, Number(values.sessions));
  console.log(`Redis: ${await redis.dbsize()} keys, ${Math.round((await usedMemory(redis)) / 1024 / 1024)} MB`);
  console.log(`request, ${values.sessions} sessions: ${await requestCost(gateway, services.pids.redis)}`);

  // Measured last, because an open inspector slows the process down.
  const before = await heapAfterCollection(gateway.pid);
  await repeat(users, async (index) => {
    const headers = { ...HEADERS, cookie: cookies[index] ?? '' };
    const response = await fetch(`${gateway.url}/api/small.json`, { headers });
    if ((await response.text()).length !== 1024) throw new Error(`a request with a session got ${response.status}`);
  });
  console.log(`process, bytes per session: ${Math.round(((await heapAfterCollection(gateway.pid)) - before) / users)}`);
}

process.on('exit', stopAll);
await run();
process.exit(0);
