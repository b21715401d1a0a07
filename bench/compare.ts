/** Measures the gateway and its peers on one machine, interleaved, and writes tables and a chart: `npm run bench`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Scenario, scenariosWith, warmUp } from './load/scenarios.ts';
import { contenders } from './peers/contenders.ts';
import { cpuOf, memoryOf, stopAll } from './processes.ts';
import { type Row, writeReport } from './report/report.ts';
import { pinToCores, type RunningContender, startContender } from './running.ts';
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
const WARM_UP_ROUNDS = 4;

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

const groupOf = ({ name, alternateWith = name }: Scenario) => alternateWith;

async function run(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  const services = await startServices(folder);
  const [contenderNames, scenarioNames] = [values.only?.split(','), values.scenarios?.split(',')];
  const scenarios = scenariosWith(services.token, seconds).filter(
    (scenario) => scenarioNames?.includes(groupOf(scenario)) ?? true,
  );
  const running: RunningContender[] = [];
  let port = 4110;
  for (const contender of contenders(folder, services, values.before)) {
    if (contenderNames ? !contenderNames.includes(contender.name) : contender.onRequest) continue;
    if (!scenarios.some(({ appliesTo }) => appliesTo(contender))) continue;
    running.push(await startContender(contender, port));
    port += 1;
  }
  pinToCores(running);
  // The JIT compiler has finished before the first measurement.
  for (let round = 0; round < WARM_UP_ROUNDS; round += 1) for (const contender of running) await warmUp(contender);
  const rows: Row[] = [];
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
