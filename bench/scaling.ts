/** The capacity model behind docs/scaling.md: load on gateways, Redis and provider for a number of sessions and requests. */
import { parseArgs } from 'node:util';

/** Measured, or defaults of the configuration; docs/scaling.md names the source of each. */
export interface Assumptions {
  /** CPU time of a gateway for one proxied request, in microseconds. */
  cpuPerCall: number;
  /** Planned utilisation of a core. */
  busy: number;
  /** Bytes of one session in Redis: both records and two index entries. */
  redisBytes: number;
  /** Lifetime of an access token in seconds. */
  tokenLife: number;
  /** Share of sessions in use at the same time. */
  active: number;
  /** Minutes between two extensions of the idle expiry of a session in use. */
  slideMinutes: number;
  /** Commands per second of one Redis primary, with headroom. */
  redisCommands: number;
  /** Bytes of one invalidation message to one gateway process. */
  invalidationBytes: number;
}

export const MEASURED: Assumptions = {
  cpuPerCall: 50,
  busy: 0.6,
  redisBytes: 6_600,
  tokenLife: 300,
  active: 0.1,
  slideMinutes: 1,
  redisCommands: 80_000,
  invalidationBytes: 130,
};

export interface Capacity {
  /** Cores over all gateways. */
  cores: number;
  redisGigabytes: number;
  /** Per second, over all primaries. */
  redisCommands: number;
  /** Primaries of a Cluster: for memory (25 GB each) or for commands, whichever needs more. */
  primaries: number;
  /** Requests per second to the token endpoint. */
  refreshes: number;
  /** Invalidation messages per second to each gateway process, and their bandwidth. */
  invalidations: number;
  invalidationMegabits: number;
}

const PRIMARY_GIGABYTES = 25;
/** One command each: acquire the lease, read the record, replace it, release the lease. */
const COMMANDS_PER_REFRESH = 4;
/** One script extends both records; after the invalidation, the replica that serves the session reads it again. */
const COMMANDS_PER_SLIDE = 2;
/** An idle extension changes both records; a refresh changes one of them, at most twice. */
const INVALIDATIONS_PER_CHANGE = 2;

/** Returns the required capacity for a number of sessions and requests per second. */
export function capacity(sessions: number, requestsPerSecond: number, assumptions: Assumptions = MEASURED): Capacity {
  const active = sessions * assumptions.active;
  const refreshes = active / (assumptions.tokenLife * 0.8);
  const slides = active / (assumptions.slideMinutes * 60);
  const redisCommands = refreshes * COMMANDS_PER_REFRESH + slides * COMMANDS_PER_SLIDE;
  const redisGigabytes = (sessions * assumptions.redisBytes) / 1e9;
  const invalidations = (refreshes + slides) * INVALIDATIONS_PER_CHANGE;
  return {
    cores: (requestsPerSecond * assumptions.cpuPerCall) / 1e6 / assumptions.busy,
    redisGigabytes,
    redisCommands,
    primaries: Math.max(
      1,
      Math.ceil(redisGigabytes / PRIMARY_GIGABYTES),
      Math.ceil(redisCommands / assumptions.redisCommands),
    ),
    refreshes,
    invalidations,
    invalidationMegabits: (invalidations * assumptions.invalidationBytes * 8) / 1e6,
  };
}

const round = (value: number) => (value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(1));

/** Returns the table in docs/scaling.md. */
export function table(assumptions: Assumptions = MEASURED): string {
  const sizes: [number, number][] = [
    [10_000, 1_000],
    [100_000, 10_000],
    [1_000_000, 100_000],
    [10_000_000, 1_000_000],
  ];
  const head =
    '| sessions | requests/s | gateway cores | Redis GB | Redis commands/s | primaries | refreshes/s | invalidations/s per process | invalidation Mbit/s |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|';
  const rows = sizes.map(([sessions, requests]) => {
    const { cores, redisGigabytes, redisCommands, primaries, refreshes, invalidations, invalidationMegabits } =
      capacity(sessions, requests, assumptions);
    const figures = [
      sessions,
      requests,
      cores,
      redisGigabytes,
      redisCommands,
      primaries,
      refreshes,
      invalidations,
      invalidationMegabits,
    ];
    return `| ${figures.map((figure, index) => (index === 5 ? String(figure) : round(figure))).join(' | ')} |`;
  });
  return [head, ...rows].join('\n');
}

if (import.meta.main) {
  const options = Object.fromEntries(Object.keys(MEASURED).map((name) => [name, { type: 'string' as const }]));
  const { values } = parseArgs({ options });
  const overrides = Object.entries(values).map(([name, value]) => [name, Number(value)]);
  console.log(table({ ...MEASURED, ...Object.fromEntries(overrides) }));
}
