/** One result of `doctor`: what was checked, its outcome, and how to fix it. */

export type Level = 'ok' | 'warn' | 'fail';

export interface Check {
  readonly name: string;
  readonly level: Level;
  /** What was found, in one sentence. */
  readonly message: string;
  /** How to fix it. */
  readonly hint?: string;
}

/** A check that passed. */
export const ok = (name: string, message: string): Check => ({ name, level: 'ok', message });
/** A check with a warning. */
export const warn = (name: string, message: string, hint: string): Check => ({ name, level: 'warn', message, hint });
/** A check that failed. */
export const fail = (name: string, message: string, hint: string): Check => ({ name, level: 'fail', message, hint });
