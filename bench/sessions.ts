/** What sessions cost: bytes of one in Redis and in the process, and whether 100,000 of them make a call dearer. */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { heapAfterCollection } from './heap.ts';
import { HEADERS, signIn } from './load/browser.ts';
import { load } from './load/wrk.ts';
import { cpuOf, stopAll } from './processes.ts';
import { beginGateway, OTHERS, type Running } from './running.ts';
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
/** Sign-ins and calls at a time. */
const AT_ONCE = 8;

/** Does it so often, a few at a time. */
async function repeat(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** CPU of a call in microseconds, and of Redis for it. */
async function callCost({ url, cookie, pid }: Running, redis: number): Promise<string> {
  const before = [cpuOf(pid), cpuOf(redis)];
  const target = { url: `${url}/api/small.json`, headers: { cookie }, connections: 64, seconds, core: OTHERS };
  const { requests } = await load(target);
  const [own = 0, store = 0] = [cpuOf(pid), cpuOf(redis)].map((after, at) => (after - (before[at] ?? 0)) / requests);
  return `${own.toFixed(1)} us, Redis ${store.toFixed(2)} us`;
}

async function usedMemory(redis: Redis): Promise<number> {
  return Number(/used_memory:(\d+)/.exec(await redis.info('memory'))?.[1] ?? 0);
}

/** Copies records under names that nobody has a cookie for, until there are so many sessions. */
async function fill(redis: Redis, wanted: number): Promise<void> {
  const names = (await redis.keys('*')).filter((name) => /:(session|tokens)$/.test(name));
  for (let copy = 1; copy < wanted / users; copy += 1) {
    const pipeline = redis.pipeline();
    for (const name of names) pipeline.copy(name, name.replace('{', `{${copy}-`));
    await pipeline.exec();
  }
}

async function run(): Promise<void> {
  const { gateway, services } = await beginGateway();
  const redis = new Redis(PORTS.redis);
  await callCost(gateway, services.pids.redis);
  console.log(`a call, 1 session: ${await callCost(gateway, services.pids.redis)}`);

  const [empty, cookies]: [number, string[]] = [await usedMemory(redis), []];
  await repeat(users, async () => void cookies.push(await signIn(`${gateway.url}${gateway.login}`)));
  console.log(`Redis, bytes a session: ${Math.round(((await usedMemory(redis)) - empty) / users)}`);

  await fill(redis, Number(values.sessions));
  console.log(`Redis: ${await redis.dbsize()} keys, ${Math.round((await usedMemory(redis)) / 1024 / 1024)} MB`);
  console.log(`a call, ${values.sessions} sessions: ${await callCost(gateway, services.pids.redis)}`);

  // Last, since a process with its inspector open is a slower one.
  const before = await heapAfterCollection(gateway.pid);
  await repeat(users, async (index) => {
    const headers = { ...HEADERS, cookie: cookies[index] ?? '' };
    const answer = await fetch(`${gateway.url}/api/small.json`, { headers });
    if ((await answer.text()).length !== 1024) throw new Error(`a call of a session answers ${answer.status}`);
  });
  console.log(`process, bytes a session: ${Math.round(((await heapAfterCollection(gateway.pid)) - before) / users)}`);
}

process.on('exit', stopAll);
await run();
process.exit(0);
