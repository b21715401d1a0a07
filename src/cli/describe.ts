/** YAML form of a configuration for `check`: durations with units, secrets masked. */
import { stringify } from 'yaml';
import type { Config } from '../config/schema/schema.ts';

const MASK = '********';
/** Names of options that hold a secret, in any section. */
const SECRET_OPTIONS = new Set(['clientSecret', 'privateKey', 'password', 'sentinelPassword', 'value', 'secret']);
/** Names of options that hold a duration, in any section. */
const DURATION_OPTIONS = new Set([
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
  'drainDelay',
  'drainTimeout',
  'connect',
  'headers',
  'idle',
  'cache',
  'negativeCache',
  'maxAge',
]);
const UNITS_MS: [unit: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `1800000` is `30m`. */
function formatDuration(ms: number): string {
  const unit = ms === 0 ? undefined : UNITS_MS.find(([, unitMs]) => ms % unitMs === 0);
  return unit ? `${ms / unit[1]}${unit[0]}` : `${ms}ms`;
}

/** Masks user and password of a URL. */
function maskCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${MASK}@`);
}

function printable(value: unknown, name = ''): unknown {
  if (SECRET_OPTIONS.has(name) && typeof value === 'string') return MASK;
  if (typeof value === 'number' && DURATION_OPTIONS.has(name)) return formatDuration(value);
  if (typeof value === 'string') return maskCredentials(value);
  if (Array.isArray(value)) return value.map((item) => printable(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item, key)]));
}

/** The whole configuration, including defaults. */
export function describeConfig(config: Config): string {
  return stringify(printable(config), { lineWidth: 0 });
}
