/** Keeps an error that a plugin does not catch, in a timer or a promise, from ending the process. */
import { inspect } from 'node:util';
import type { Logger } from '../base/logger.ts';
import { currentPlugin } from './plugin-context.ts';

/** The parts of the process. */
export interface ContainParts {
  log: Pick<Logger, 'error'>;
  /** Form of an error in the log. */
  describe: (error: unknown) => object;
  on: (event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void) => unknown;
  /** Ends the process, as Node does without a listener. */
  fail: (text: string) => void;
}

/**
 * Logs such an error of a plugin. One of the gateway itself still ends the process: nothing is known about its state.
 * They are distinguished by the code that started the timer or the promise.
 */
export function containPlugins({ log, describe, on, fail }: ContainParts): void {
  const handle = (error: unknown) => {
    const plugin = currentPlugin();
    if (plugin === undefined) fail(`${inspect(error)}\n`);
    else log.error({ plugin, err: describe(error) }, 'a plugin did not catch an error');
  };
  on('uncaughtException', handle);
  on('unhandledRejection', handle);
}
