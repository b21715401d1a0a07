/** Writes tables and a chart of the results: medians, lowest and highest values, and ratios within a repetition. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chart } from './chart.ts';

export interface Row {
  scenario: string;
  contender: string;
  repetition: number;
  /** Requests, messages, events or sign-ins. */
  count: number;
  perSecond: number;
  /** Milliseconds. */
  p50: number;
  p99: number;
  errors: number;
  /** CPU time of the contender and of Redis for one of them, in microseconds. */
  cpu: number;
  redis: number;
  /** Megabytes: proportional set size under load and idle, resident set size under load. */
  memory: number;
  idle: number;
  resident: number;
}

type Figure = 'perSecond' | 'p50' | 'p99' | 'cpu' | 'redis' | 'memory' | 'idle' | 'resident';

export interface Conditions {
  versions: readonly string[];
  repetitions: number;
  seconds: number;
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 1 ? high : (low + high) / 2;
}

/** Median of the ratios to a peer, each within one repetition, so that variations of the machine cancel out. */
export function ratio(
  rows: readonly Row[],
  contender: string,
  [peer, peerRows]: [string, readonly Row[]],
  figure: Figure,
): number {
  const own = rows.filter((row) => row.contender === contender);
  return median(
    own.flatMap((row) => {
      const other = peerRows.find((each) => each.contender === peer && each.repetition === row.repetition);
      return other ? [row[figure] / other[figure]] : [];
    }),
  );
}

const number = (value: number, digits: number) => (Number.isFinite(value) ? value.toFixed(digits) : '-');

/** `peerRows` are those of the same scenario and, for peers that it is not for, of the one measured in turn with it. */
function table(rows: readonly Row[], peerRows: readonly Row[]): string {
  const names = [...new Set(rows.map(({ contender }) => contender))];
  const head = [
    '| | per second | CPU µs (lowest to highest) | Redis µs | p50 ms | p99 ms | CPU / oauth2-proxy | CPU / nginx | errors | MB idle, loaded, resident |',
    '|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|',
  ];
  const lines = names.map((name) => {
    const own = rows.filter(({ contender }) => contender === name);
    const of = (figure: Figure) => median(own.map((row) => row[figure]));
    const cpus = own.map(({ cpu }) => cpu);
    const cells = [
      name,
      number(of('perSecond'), 0),
      `${number(of('cpu'), 0)} (${number(Math.min(...cpus), 0)} to ${number(Math.max(...cpus), 0)})`,
      number(of('redis'), 1),
      number(of('p50'), 2),
      number(of('p99'), 2),
      number(ratio(rows, name, ['oauth2-proxy', peerRows], 'cpu'), 2),
      number(ratio(rows, name, ['nginx', peerRows], 'cpu'), 2),
      String(own.reduce((sum, { errors }) => sum + errors, 0)),
      `${number(of('idle'), 0)}, ${number(of('memory'), 0)}, ${number(of('resident'), 0)}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [...head, ...lines].join('\n');
}

/** Writes `results.md` and `cpu.svg` into a folder. */
export function writeReport(
  folder: string,
  rows: readonly Row[],
  scenarios: readonly { name: string; title: string; alternateWith?: string }[],
  { versions, repetitions, seconds }: Conditions,
): void {
  const parts = scenarios.map(({ name, title, alternateWith }) => {
    const [own, inTurn] = [name, alternateWith].map((each) => rows.filter(({ scenario }) => scenario === each));
    return `### ${title}\n\n${table(own ?? [], [...(own ?? []), ...(inTurn ?? [])])}\n`;
  });
  const conditions = `${repetitions} repetitions of ${seconds} s, interleaved; medians. ${versions.join('; ')}.`;
  writeFileSync(join(folder, 'results.md'), `${conditions}\n\n${parts.join('\n')}`);
  const first = rows.filter(({ scenario }) => scenario === scenarios[0]?.name);
  const bars = [...new Set(first.map(({ contender }) => contender))].map((name) => {
    const cpus = first.filter(({ contender }) => contender === name).map(({ cpu }) => cpu);
    return { name, value: median(cpus), low: Math.min(...cpus), high: Math.max(...cpus) };
  });
  writeFileSync(
    join(folder, 'cpu.svg'),
    chart(`CPU for one proxied request, in microseconds (${scenarios[0]?.title})`, bars),
  );
}
