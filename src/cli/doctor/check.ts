/** One finding of the doctor: what was looked at, how it is, and how to mend it. */

import type { Check } from '../../base/check.ts';

export { type Check, fail, type Level, ok, warn } from '../../base/check.ts';

const WIDTH = 20;
/** Words of a server may hold anything; a terminal gets visible characters only. */
const visible = (text: string) => text.replace(/[^\P{Cc}]/gu, ' ').slice(0, 600);

/** A line for each, with what to do under those that are not well. */
export function formatCheck({ name, level, message, hint }: Check): string {
  const line = `${level.padEnd(5)}${name.padEnd(WIDTH)}${visible(message)}\n`;
  return hint === undefined ? line : `${line}${' '.repeat(5 + WIDTH)}-> ${visible(hint)}\n`;
}
