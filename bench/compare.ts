/** Measures the gateway beside its peers on one machine, interleaved, and writes a table and a chart: `npm run bench`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { until } from '../test/support/wait.ts';
import { HEADERS, signIn } from './load/browser.ts';
import { echoes, listeners, signIns } from './load/streams.ts';
import { load } from './load/wrk.ts';
import { type Contender, contenders } from './peers/contenders.ts';
import { cpuOf, memoryOf, pin, stopAll } from './processes.ts';
import { type Row, writeReport } from './report/report.ts';
import { type Services, startServices } from './services.ts';

const { values } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    scenarios: { type: 'string' },
    out: { type: 'string', default: 'bench/results' },
  },
});
const repetitions = Number(values.repetitions);
const seconds = Number(values.seconds);
/** Seconds. */
const WARM = 8;
/** The contender has this core for itself, everything else has the other one. */
const [OWN, OTHERS] = ['0', '1'];

interface Running extends Contender {
  pid: number;
  url: string;
  cookie: string;
  idle: number;
}

interface Scenario {
  name: string;
  title: string;
  fits(contender: Contender): boolean;
  measure(
    contender: Running,
  ): Promise<Omit<Row, 'scenario' | 'contender' | 'repetition' | 'cpu' | 'redis' | 'memory' | 'idle'>>;
}

const http = (name: string, title: string, path: string, connections: number): Scenario => ({
  name,
  title,
  fits: () => true,
  async measure({ url, cookie }) {
    const headers: Record<string, string> = cookie === '' ? {} : { cookie };
    const outcome = await load({ url: url + path, headers, connections, seconds, core: OTHERS });
    const { requests, p50, p99, errors } = outcome;
    return { count: requests, perSecond: requests / outcome.seconds, p50: p50 / 1000, p99: p99 / 1000, errors };
  },
});

const lasting = (name: string, title: string, measure: (one: Running) => ReturnType<typeof echoes>): Scenario => ({
  name,
  title,
  fits: (one) => (name === 'logins' ? one.login !== undefined : one.streams),
  async measure(one) {
    const figures = await measure(one);
    return { count: figures.perSecond * seconds, ...figures };
  },
});

const SCENARIOS: Scenario[] = [
  http('c64', '1 KB, 64 connections', '/api/small.json', 64),
  http('c1', '1 KB, 1 connection', '/api/small.json', 1),
  http('c1000', '1 KB, 1,000 connections', '/api/small.json', 1000),
  http('big', '50 KB, 64 connections', '/api/big.json', 64),
  lasting('websocket', 'WebSocket echo of 256 bytes, 64 sockets', ({ url, cookie }) =>
    echoes(url, cookie, 64, seconds),
  ),
  lasting('events', 'Event streams, 500 listeners, 10 events a second', ({ url, cookie }) =>
    listeners(url, cookie, 500, seconds),
  ),
  lasting('logins', 'Sign-ins, 8 browsers', ({ url, login = '' }) => signIns(url + login, 8, seconds)),
];

async function begin(contender: Contender, port: number): Promise<Running> {
  const pid = contender.start(port);
  const url = `http://127.0.0.1:${port}`;
  const small = `${url}/api/small.json`;
  await until(async () => (await fetch(small, { redirect: 'manual' })).status < 500, { what: contender.name });
  const cookie = contender.login === undefined ? '' : await signIn(url + contender.login);
  const answer = await fetch(small, { redirect: 'manual', headers: { ...HEADERS, cookie } });
  const body = await answer.text();
  if (answer.status !== 200 || body.length !== 1024) throw new Error(`${contender.name} answers ${answer.status}`);
  const seen = await (await fetch(`${url}/api/echo`, { headers: { ...HEADERS, cookie } })).text();
  // Authorization, cookie, and the header that some use instead; a cookie may hold the mark between them.
  const parts = seen.split('|');
  const token = Math.max(parts[0]?.length ?? 0, parts.at(-1)?.length ?? 0);
  if (token < 500) throw new Error(`${contender.name} sends no access token`);
  return { ...contender, pid, url, cookie, idle: memoryOf(pid) };
}

async function measureOne(scenario: Scenario, one: Running, repetition: number, { pids }: Services): Promise<Row> {
  const before = { own: cpuOf(one.pid), redis: cpuOf(pids.redis) };
  const figures = await scenario.measure(one);
  const cpu = (cpuOf(one.pid) - before.own) / figures.count;
  const redis = (cpuOf(pids.redis) - before.redis) / figures.count;
  const row = { scenario: scenario.name, contender: one.name, repetition, ...figures, cpu, redis };
  return { ...row, memory: memoryOf(one.pid), idle: one.idle };
}

/** The version that a program tells of itself. */
function version(command: string, args: readonly string[]): string {
  try {
    return execFileSync('sh', ['-c', `${command} ${args.join(' ')} 2>&1`], { encoding: 'utf8' }).split('\n')[0] ?? '';
  } catch {
    return 'unknown';
  }
}

const versions = () => [
  `Node ${process.version}`,
  version('nginx', ['-v']),
  version('haproxy', ['-v']),
  version('apache2', ['-v']),
  `oauth2-proxy ${version('.cache/bench/oauth2-proxy', ['--version'])}`,
  version('redis-server', ['--version']),
  version('dpkg -s libapache2-mod-auth-openidc | grep Version', []),
];

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  const services = await startServices(folder);
  const wanted = values.only?.split(',');
  const running: Running[] = [];
  let port = 4110;
  for (const contender of contenders(folder, services)) {
    if (wanted && !wanted.includes(contender.name)) continue;
    running.push(await begin(contender, port));
    port += 1;
  }
  // This process first: everything else was started by it.
  pin(process.pid, OTHERS);
  for (const { pid } of running) pin(pid, OWN);
  // So that no compiler has anything left to do.
  for (const { url, cookie } of running)
    await load({ url: `${url}/api/small.json`, headers: { cookie }, connections: 64, seconds: WARM, core: OTHERS });
  const rows: Row[] = [];
  const scenarios = SCENARIOS.filter(({ name }) => !values.scenarios || values.scenarios.split(',').includes(name));
  for (const scenario of scenarios) {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      for (const one of running.filter((contender) => scenario.fits(contender))) {
        const row = await measureOne(scenario, one, repetition, services);
        rows.push(row);
        console.log(
          `${scenario.name} ${repetition} ${one.name}: ${row.perSecond.toFixed(0)}/s, CPU ${row.cpu.toFixed(1)} us, p50 ${row.p50.toFixed(2)} ms, p99 ${row.p99.toFixed(2)} ms, errors ${row.errors}, ${row.memory.toFixed(0)} MB`,
        );
      }
    }
  }
  mkdirSync(values.out, { recursive: true });
  writeFileSync(join(values.out, 'rows.json'), JSON.stringify(rows));
  writeReport(values.out, rows, scenarios, { versions: versions(), repetitions, seconds });
}

process.on('exit', stopAll);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));
await run();
process.exit(0);
