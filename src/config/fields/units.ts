/** Parsers of durations and sizes such as `30m`, `500ms` and `16kb`. */

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
