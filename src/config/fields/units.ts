/** Durations and sizes such as `30m`, `500ms` and `16kb`: parsers, and the spelling of a value that was written in another form. */

const DURATION_UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS_BYTES: Record<string, number> = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 };

function parseWithUnit(text: string, units: Record<string, number>): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,6})?)\s*([a-z]{1,2})$/i.exec(text.trim());
  const unit = match ? units[match[2]?.toLowerCase() ?? ''] : undefined;
  return match && unit !== undefined ? Math.round(Number(match[1]) * unit) : undefined;
}

/** Milliseconds of `500ms`, `30s`, `15m`, `8h` or `7d`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  return parseWithUnit(text, DURATION_UNITS_MS);
}

/** Bytes of `512b`, `16kb`, `10mb` or `1gb`; undefined for any other text. */
export function parseSize(text: string): number | undefined {
  return parseWithUnit(text, SIZE_UNITS_BYTES);
}

/** `1800000` is `30m`: the largest unit without a fraction. */
function format(value: number, units: Record<string, number>, smallest: string): string {
  const unit = Object.entries(units).findLast(([, size]) => value > 0 && value % size === 0);
  return unit ? `${value / unit[1]}${unit[0]}` : `${value}${smallest}`;
}

/** Milliseconds as text: `1800000` is `30m`. */
export const formatDuration = (ms: number) => format(ms, DURATION_UNITS_MS, 'ms');

/** Bytes as text: `16384` is `16kb`. */
export const formatSize = (bytes: number) => format(bytes, SIZE_UNITS_BYTES, 'b');

const ISO_DURATION = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i;
const ISO_UNITS_MS = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000];
const WORDS: readonly (readonly [RegExp, number])[] = [
  [/^(ms|msecs?|millis|milliseconds?)$/, 1],
  [/^(s|secs?|seconds?)$/, 1000],
  [/^(m|mins?|minutes?)$/, 60_000],
  [/^(h|hrs?|hours?)$/, 3_600_000],
  [/^(d|days?)$/, 86_400_000],
  [/^(w|weeks?)$/, 604_800_000],
];
const SIZE_WORDS: readonly (readonly [RegExp, number])[] = [
  [/^(b|bytes?)$/, 1],
  [/^(k|kb|kib|kilobytes?)$/, 1024],
  [/^(m|mb|mib|megabytes?)$/, 1024 ** 2],
  [/^(g|gb|gib|gigabytes?)$/, 1024 ** 3],
];

/** The sum of amounts with units such as `1h30m` or `10 MiB`; undefined for any other text. */
function sumOf(text: string, words: readonly (readonly [RegExp, number])[]): number | undefined {
  if (!/^(\s*\d{1,9}(\.\d{1,6})?\s*[a-z]+\s*)+$/.test(text)) return undefined;
  const amounts = [...text.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)].map(([, amount, word = '']) => {
    const unit = words.find(([name]) => name.test(word));
    return unit === undefined ? Number.NaN : Number(amount) * unit[1];
  });
  const sum = Math.round(amounts.reduce((total, amount) => total + amount, 0));
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** Longest text in which another form of a value is looked for. */
const MAX_LENGTH = 50;

/** The duration that a text in another form means, such as `PT30M`, `30 minutes` or `1h30m`. */
export function meantDuration(text: string): string | undefined {
  const trimmed = text.slice(0, MAX_LENGTH).trim().toLowerCase();
  const iso = /\d/.test(trimmed) ? ISO_DURATION.exec(trimmed)?.slice(1) : undefined;
  const amounts = iso?.map((amount, index) => Number(amount ?? 0) * (ISO_UNITS_MS[index] ?? 0));
  const ms = amounts ? amounts.reduce((sum, amount) => sum + amount, 0) : sumOf(trimmed, WORDS);
  return ms === undefined || !Number.isSafeInteger(ms) ? undefined : formatDuration(ms);
}

/** The size that a text in another form means, such as `10 MiB` or `16k`. */
export function meantSize(text: string): string | undefined {
  const bytes = sumOf(text.slice(0, MAX_LENGTH).toLowerCase(), SIZE_WORDS);
  return bytes === undefined ? undefined : formatSize(bytes);
}
