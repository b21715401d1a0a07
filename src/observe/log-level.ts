/** Level of the log, which can change while the gateway runs: by a reload, or by a signal that switches to debug and back. */

import type { Logger } from '../base/logger.ts';

/** The levels, the most detailed first. */
export const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;

export type Level = (typeof LEVELS)[number];

export interface LogLevel {
  current(): Level;
  /** Whether lines of this level are written. */
  includes(level: Level): boolean;
  /** Sets the level of the configuration, and ends a switch. */
  configure(level: Level): void;
  /** Sets the level until the next reload. */
  set(level: Level): void;
  /** The level to switch to: `debug`, or `info` if the configured one is as detailed as that; and back to the configured one. */
  other(): Level;
}

/** The level to switch to from a configured one. */
const alternativeTo = (level: Level): Level => (level === 'trace' || level === 'debug' ? 'info' : 'debug');

/** Creates the level with its value in the configuration. */
export function createLogLevel(initial: Level): LogLevel {
  let configured = initial;
  let current = initial;
  let rank = LEVELS.indexOf(initial);
  function set(level: Level): void {
    current = level;
    rank = LEVELS.indexOf(level);
  }
  return {
    current: () => current,
    includes: (level) => LEVELS.indexOf(level) >= rank,
    configure(level) {
      configured = level;
      set(level);
    },
    set,
    other: () => (current === configured ? alternativeTo(configured) : configured),
  };
}

/** Switches the level of a log between that of the configuration and a more or less detailed one; returns the new level. */
export function toggleLevel({ log, logLevel = createLogLevel('info') }: { log: Logger; logLevel?: LogLevel }): Level {
  const previous = logLevel.current();
  const level = logLevel.other();
  // At the more detailed one of both, so that the line is written.
  logLevel.set(LEVELS.indexOf(level) < LEVELS.indexOf(previous) ? level : previous);
  log.info({ logLevel: level, previous }, 'log level changed');
  logLevel.set(level);
  return level;
}
