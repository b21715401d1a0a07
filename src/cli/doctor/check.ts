/** One finding of the doctor: what was looked at, how it is, and how to mend it. */

export type Level = 'ok' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, in a sentence. */
  readonly says: string;
  /** What to do about it. */
  readonly mend?: string;
}

export const ok = (name: string, says: string): Check => ({ name, level: 'ok', says });
export const warn = (name: string, says: string, mend: string): Check => ({ name, level: 'warn', says, mend });
export const fail = (name: string, says: string, mend: string): Check => ({ name, level: 'fail', says, mend });

const WIDTH = 20;
/** Words of a server may hold anything; a terminal gets visible characters only. */
const visible = (text: string) => text.replace(/[^\P{Cc}]/gu, ' ').slice(0, 600);

/** A line for each, with what to do under those that are not well. */
export function formatCheck({ name, level, says, mend }: Check): string {
  const line = `${level.padEnd(5)}${name.padEnd(WIDTH)}${visible(says)}\n`;
  return mend === undefined ? line : `${line}${' '.repeat(5 + WIDTH)}-> ${visible(mend)}\n`;
}
