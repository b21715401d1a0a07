/** A configuration as text: what was understood, durations as people write them, secrets masked. */
import { stringify } from 'yaml';
import type { Config } from '../config/schema/schema.ts';

const MASK = '********';
/** Options that hold a secret, wherever they stand. */
const SECRET = new Set(['clientSecret', 'privateKey', 'password', 'sentinelPassword', 'value', 'secret']);
const DURATION = new Set([
  'idleTimeout',
  'absoluteTimeout',
  'timeout',
  'clockTolerance',
  'refreshBefore',
  'defaultTokenLifetime',
  'commandTimeout',
  'revocationWait',
  'headersTimeout',
  'bodyTimeout',
  'keepAliveTimeout',
  'drainTimeout',
  'connect',
  'headers',
  'idle',
  'cache',
  'negativeCache',
  'maxAge',
]);
const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `1800000` is `30m`. */
export function formatDuration(ms: number): string {
  const unit = ms === 0 ? undefined : UNITS.find(([, size]) => ms % size === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}

/** User and password of a URL are nobody's business. */
function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${MASK}@`);
}

function shown(value: unknown, name = ''): unknown {
  if (SECRET.has(name) && typeof value === 'string') return MASK;
  if (typeof value === 'number' && DURATION.has(name)) return formatDuration(value);
  if (typeof value === 'string') return withoutCredentials(value);
  if (Array.isArray(value)) return value.map((item) => shown(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shown(item, key)]));
}

/** The whole configuration as YAML, defaults included. */
export function describeConfig(config: Config): string {
  return stringify(shown(config), { lineWidth: 0 });
}
