/** Measures the gateway and its peers on one machine, interleaved, and writes tables and a chart: `npm run bench`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runEchoes, runListeners, runSignIns } from './load/streams.ts';
import { runWrk } from './load/wrk.ts';
import { type Contender, contenders } from './peers/contenders.ts';
import { cpuOf, memoryOf, stopAll } from './processes.ts';
import { type Row, writeReport } from './report/report.ts';
import { OTHER_CORE, pinToCores, type RunningContender, startContender } from './running.ts';
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
const WARM_UP_SECONDS = 3;
const WARM_UP_ROUNDS = 4;

interface Scenario {
  name: string;
  /** Name of the scenario to alternate with: their figures are compared, and the speed of the machine varies over time. */
  alternateWith?: string;
  title: string;
  appliesTo(contender: Contender): boolean;
  measure(
    contender: RunningContender,
  ): Promise<Omit<Row, 'scenario' | 'contender' | 'repetition' | 'cpu' | 'redis' | 'memory' | 'resident' | 'idle'>>;
}

const http = (name: string, title: string, path: string, connections: number, bearer?: string): Scenario => ({
  name,
  title,
  appliesTo: (contender) => bearer === undefined || contender.validatesTokens === true,
  async measure({ url, cookie }) {
    const headers: Record<string, string> = cookie === '' ? {} : { cookie };
    const caller = bearer === undefined ? headers : { authorization: `Bearer ${bearer}` };
    const outcome = await runWrk({ url: url + path, headers: caller, connections, seconds, core: OTHER_CORE });
    const { requests, p50, p99, errors } = outcome;
    return { count: requests, perSecond: requests / outcome.seconds, p50: p50 / 1000, p99: p99 / 1000, errors };
  },
});

const sustained = (
  name: string,
  title: string,
  measure: (contender: RunningContender) => ReturnType<typeof runEchoes>,
): Scenario => ({
  name,
  title,
  appliesTo: (contender) => (name === 'logins' ? contender.login !== undefined : contender.streams),
  async measure(contender) {
    const figures = await measure(contender);
    return { count: figures.perSecond * seconds, ...figures };
  },
});

const scenariosWith = (token: string): Scenario[] => [
  http('c64', '1 KB, 64 connections', '/api/small.json', 64),
  http('c1', '1 KB, 1 connection', '/api/small.json', 1),
  http('bearer', "1 KB, 64 connections, the client's own access token", '/api/small.json', 64, token),
  {
    ...http('cookie', 'The same with a session cookie, measured in turn', '/api/small.json', 64),
    alternateWith: 'bearer',
    appliesTo: (contender) => contender.validatesTokens === true,
  },
  http('c1000', '1 KB, 1,000 connections', '/api/small.json', 1000),
  http('c10000', '1 KB, 10,000 connections', '/api/small.json', 10_000),
  http('big', '50 KB, 64 connections', '/api/big.json', 64),
  sustained('websocket', 'WebSocket echo of 256 bytes, 64 sockets', ({ url, cookie }) =>
    runEchoes(url, cookie, 64, seconds),
  ),
  sustained('events', 'Event streams, 500 listeners, 10 events a second', ({ url, cookie }) =>
    runListeners(url, cookie, 500, seconds),
  ),
  sustained('logins', 'Sign-ins, 8 browsers', ({ url, login = '' }) => runSignIns(url + login, 8, seconds)),
];

async function measureContender(
  scenario: Scenario,
  contender: RunningContender,
  repetition: number,
  { pids }: Services,
): Promise<Row> {
  const before = { own: cpuOf(contender.pid), redis: cpuOf(pids.redis) };
  const figures = await scenario.measure(contender);
  const cpu = (cpuOf(contender.pid) - before.own) / figures.count;
  const redis = (cpuOf(pids.redis) - before.redis) / figures.count;
  const row = { scenario: scenario.name, contender: contender.name, repetition, ...figures, cpu, redis };
  return { ...row, memory: memoryOf(contender.pid), resident: memoryOf(contender.pid, 'Rss'), idle: contender.idle };
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
  const contenderNames = values.only?.split(',');
  const running: RunningContender[] = [];
  let port = 4110;
  for (const contender of contenders(folder, services, values.before)) {
    if (contenderNames ? !contenderNames.includes(contender.name) : contender.onRequest) continue;
    running.push(await startContender(contender, port));
    port += 1;
  }
  pinToCores(running);
  // Warm up: the JIT compiler has finished before the first measurement.
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1)
    for (const { url, cookie } of running)
      await runWrk({
        url: `${url}/api/small.json`,
        headers: { cookie },
        connections: 64,
        seconds: WARM_UP_SECONDS,
        core: OTHER_CORE,
      });
  const rows: Row[] = [];
  const scenarioNames = values.scenarios?.split(',');
  const groupOf = ({ name, alternateWith = name }: Scenario) => alternateWith;
  const scenarios = scenariosWith(services.token).filter(
    (scenario) => scenarioNames?.includes(groupOf(scenario)) ?? true,
  );
  for (const group of Map.groupBy(scenarios, groupOf).values()) {
    for (let repetition = 0; repetition < repetitions; repetition += 1) {
      const turns = group.flatMap((scenario) =>
        running.filter(scenario.appliesTo).map((contender) => ({ scenario, contender })),
      );
      for (const { scenario, contender } of turns) {
        const row = await measureContender(scenario, contender, repetition, services);
        rows.push(row);
        console.log(
          `${scenario.name} ${repetition} ${contender.name}: ${row.perSecond.toFixed(0)}/s, CPU ${row.cpu.toFixed(1)} us, p50 ${row.p50.toFixed(2)} ms, p99 ${row.p99.toFixed(2)} ms, errors ${row.errors}, ${row.memory.toFixed(0)} MB, resident ${row.resident.toFixed(0)}`,
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
