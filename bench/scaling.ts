/** The capacity model behind docs/scaling.md: what so many sessions and calls ask of gateways, Redis and provider. */
import { parseArgs } from 'node:util';

/** Measured, or taken from the configuration; see docs/scaling.md for where each comes from. */
export interface Assumptions {
  /** CPU of a gateway for one proxied call, microseconds. */
  cpuPerCall: number;
  /** Share of a core that is planned to be busy. */
  busy: number;
  /** Bytes of a session in Redis: both records and two index entries. */
  redisBytes: number;
  /** Seconds that an access token lives. */
  tokenLife: number;
  /** Sessions that are in use at the same time, as a share of all. */
  active: number;
  /** Minutes between two calls that move the idle limit of a session in use. */
  slideMinutes: number;
  /** Redis commands that one core of Redis does in a second, with some air. */
  redisCommands: number;
  /** Bytes of one line of invalidation to one gateway. */
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
  /** Cores of gateways. */
  cores: number;
  redisGigabytes: number;
  /** Per second, over all of Redis. */
  redisCommands: number;
  /** Primaries of a Cluster, for memory of 25 GB each or commands, whichever is more. */
  primaries: number;
  /** Requests at the token endpoint in a second. */
  refreshes: number;
  /** Messages in a second to each gateway, and the bits of them. */
  invalidations: number;
  invalidationMegabits: number;
}

const PRIMARY_GIGABYTES = 25;
/** A refresh: take the lease, read, replace, give it back; each in one command. */
const COMMANDS_PER_REFRESH = 4;
/** A slide moves both records in one script; the two invalidations that follow cost one read of each replica that serves it. */
const COMMANDS_PER_SLIDE = 2;
/** Both records are told of, at a slide and at a refresh one of them twice at most. */
const INVALIDATIONS_PER_CHANGE = 2;

/** Works it out for so many sessions and calls in a second. */
export function capacity(sessions: number, callsPerSecond: number, of: Assumptions = MEASURED): Capacity {
  const active = sessions * of.active;
  const refreshes = active / (of.tokenLife * 0.8);
  const slides = active / (of.slideMinutes * 60);
  const redisCommands = refreshes * COMMANDS_PER_REFRESH + slides * COMMANDS_PER_SLIDE;
  const redisGigabytes = (sessions * of.redisBytes) / 1e9;
  const invalidations = (refreshes + slides) * INVALIDATIONS_PER_CHANGE;
  return {
    cores: (callsPerSecond * of.cpuPerCall) / 1e6 / of.busy,
    redisGigabytes,
    redisCommands,
    primaries: Math.max(1, Math.ceil(redisGigabytes / PRIMARY_GIGABYTES), Math.ceil(redisCommands / of.redisCommands)),
    refreshes,
    invalidations,
    invalidationMegabits: (invalidations * of.invalidationBytes * 8) / 1e6,
  };
}

const round = (value: number) => (value >= 10 ? Math.round(value).toLocaleString('en') : value.toFixed(1));

/** The rows of the table in docs/scaling.md. */
export function table(of: Assumptions = MEASURED): string {
  const sizes: [number, number][] = [
    [10_000, 1_000],
    [100_000, 10_000],
    [1_000_000, 100_000],
    [10_000_000, 1_000_000],
  ];
  const head =
    '| sessions | calls/s | gateway cores | Redis GB | Redis commands/s | primaries | refreshes/s | invalidations/s to each gateway | Mbit/s of them |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|';
  const rows = sizes.map(([sessions, calls]) => {
    const { cores, redisGigabytes, redisCommands, primaries, refreshes, invalidations, invalidationMegabits } =
      capacity(sessions, calls, of);
    const figures = [
      sessions,
      calls,
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
  const given = Object.entries(values).map(([name, value]) => [name, Number(value)]);
  console.log(table({ ...MEASURED, ...Object.fromEntries(given) }));
}
