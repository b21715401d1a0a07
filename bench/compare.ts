/** Measures the gateway and its peers on one machine, interleaved, and writes tables and a chart: `npm run bench`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { echoes, listeners, signIns } from './load/streams.ts';
import { load } from './load/wrk.ts';
import { type Contender, contenders } from './peers/contenders.ts';
import { cpuOf, memoryOf, stopAll } from './processes.ts';
import { type Row, writeReport } from './report/report.ts';
import { begin, OTHERS, type Running, shareCores } from './running.ts';
import { type Services, startServices } from './services.ts';

const { values } = parseArgs({
  options: {
    repetitions: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '4' },
    only: { type: 'string' },
    before: { type: 'string' },
    scenarios: { type: 'string' },
    out: { type: 'string', default: 'bench/results' },
  },
});
const repetitions = Number(values.repetitions);
const seconds = Number(values.seconds);
/** Seconds of each warm-up round. */
const WARM = 3;
const WARM_ROUNDS = 4;

interface Scenario {
  name: string;
  /** Name of the scenario to alternate with: their figures are compared, and the speed of the machine varies over time. */
  beside?: string;
  title: string;
  fits(contender: Contender): boolean;
  measure(
    contender: Running,
  ): Promise<Omit<Row, 'scenario' | 'contender' | 'repetition' | 'cpu' | 'redis' | 'memory' | 'resident' | 'idle'>>;
}

const http = (name: string, title: string, path: string, connections: number, bearer?: string): Scenario => ({
  name,
  title,
  fits: (one) => bearer === undefined || one.readsTokens === true,
  async measure({ url, cookie }) {
    const headers: Record<string, string> = cookie === '' ? {} : { cookie };
    const caller = bearer === undefined ? headers : { authorization: `Bearer ${bearer}` };
    const outcome = await load({ url: url + path, headers: caller, connections, seconds, core: OTHERS });
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

const scenariosWith = (token: string): Scenario[] => [
  http('c64', '1 KB, 64 connections', '/api/small.json', 64),
  http('c1', '1 KB, 1 connection', '/api/small.json', 1),
  http('bearer', "1 KB, 64 connections, the client's own access token", '/api/small.json', 64, token),
  {
    ...http('cookie', 'The same with a session cookie, measured in turn', '/api/small.json', 64),
    beside: 'bearer',
    fits: (one) => one.readsTokens === true,
  },
  http('c1000', '1 KB, 1,000 connections', '/api/small.json', 1000),
  http('c10000', '1 KB, 10,000 connections', '/api/small.json', 10_000),
  http('big', '50 KB, 64 connections', '/api/big.json', 64),
  lasting('websocket', 'WebSocket echo of 256 bytes, 64 sockets', ({ url, cookie }) =>
    echoes(url, cookie, 64, seconds),
  ),
  lasting('events', 'Event streams, 500 listeners, 10 events a second', ({ url, cookie }) =>
    listeners(url, cookie, 500, seconds),
  ),
  lasting('logins', 'Sign-ins, 8 browsers', ({ url, login = '' }) => signIns(url + login, 8, seconds)),
];

async function measureOne(scenario: Scenario, one: Running, repetition: number, { pids }: Services): Promise<Row> {
  const before = { own: cpuOf(one.pid), redis: cpuOf(pids.redis) };
  const figures = await scenario.measure(one);
  const cpu = (cpuOf(one.pid) - before.own) / figures.count;
  const redis = (cpuOf(pids.redis) - before.redis) / figures.count;
  const row = { scenario: scenario.name, contender: one.name, repetition, ...figures, cpu, redis };
  return { ...row, memory: memoryOf(one.pid), resident: memoryOf(one.pid, 'Rss'), idle: one.idle };
}

/** The first line of a program's version output. */
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
  for (const contender of contenders(folder, services, values.before)) {
    if (wanted && !wanted.includes(contender.name)) continue;
    running.push(await begin(contender, port));
    port += 1;
  }
  shareCores(running);
  // Warm up: the JIT compiler has finished before the first measurement.
  for (let round = 0; round < WARM_ROUNDS; round += 1)
    for (const { url, cookie } of running)
      await load({ url: `${url}/api/small.json`, headers: { cookie }, connections: 64, seconds: WARM, core: OTHERS });
  const rows: Row[] = [];
  const asked = values.scenarios?.split(',');
  const groupOf = ({ name, beside = name }: Scenario) => beside;
  const scenarios = scenariosWith(services.token).filter((scenario) => asked?.includes(groupOf(scenario)) ?? true);
  for (const group of Map.groupBy(scenarios, groupOf).values()) {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      const turns = group.flatMap((scenario) => running.filter(scenario.fits).map((one) => ({ scenario, one })));
      for (const { scenario, one } of turns) {
        const row = await measureOne(scenario, one, repetition, services);
        rows.push(row);
        console.log(
          `${scenario.name} ${repetition} ${one.name}: ${row.perSecond.toFixed(0)}/s, CPU ${row.cpu.toFixed(1)} us, p50 ${row.p50.toFixed(2)} ms, p99 ${row.p99.toFixed(2)} ms, errors ${row.errors}, ${row.memory.toFixed(0)} MB, resident ${row.resident.toFixed(0)}`,
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
