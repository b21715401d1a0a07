/** One finding of the doctor: what was looked at, how it is, and how to mend it. */

export type Level = 'ok' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, in a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
}

export const ok = (name: string, message: string): Check => ({ name, level: 'ok', message });
export const warn = (name: string, message: string, hint: string): Check => ({ name, level: 'warn', message, hint });
export const fail = (name: string, message: string, hint: string): Check => ({ name, level: 'fail', message, hint });

const WIDTH = 20;
/** Words of a server may hold anything; a terminal gets visible characters only. */
const visible = (text: string) => text.replace(/[^\P{Cc}]/gu, ' ').slice(0, 600);

/** A line for each, with what to do under those that are not well. */
export function formatCheck({ name, level, message, hint }: Check): string {
  const line = `${level.padEnd(5)}${name.padEnd(WIDTH)}${visible(message)}\n`;
  return hint === undefined ? line : `${line}${' '.repeat(5 + WIDTH)}-> ${visible(hint)}\n`;
}
