/** Appends lines to a file. Errors end nothing: lines that cannot be written wait, up to a limit, and are retried. */
import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { createLineQueue, type LineOutput, type LineOutputHooks } from './line-output.ts';

export interface LineFile extends LineOutput {
  /** Opens the file by its name again, after rotation. If that fails, the open file stays in use. */
  reopen(): void;
}

export interface LineFileHooks extends LineOutputHooks {
  /** Receives the first error of a series, and each error of `reopen`. */
  onError(error: unknown, operation: 'write' | 'reopen'): void;
}

const RETRY_INTERVAL_MS = 50;

/** A new file is readable by its owner only. Non-blocking, so that a named pipe without a reader cannot stop the process; for other files the flag has no effect. */
const open = (path: string) =>
  openSync(path, constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK, 0o600);

/**
 * Opens a file by its path, or uses an open descriptor. Writes are synchronous: a line is in the file when `write` returns,
 * unless the file accepts none at the moment. Throws if the path cannot be opened.
 */
export function openLineFile(target: string | number, hooks: LineFileHooks): LineFile {
  let fd = typeof target === 'number' ? target : open(target);
  let failing = false;
  let retrying = false;
  const queue = createLineQueue(hooks);

  /** Writes the waiting lines in order; what is left is retried later. */
  function writeWaiting(): void {
    try {
      for (let line = queue.first(); line !== undefined; line = queue.first()) queue.written(writeSync(fd, line));
      failing = false;
    } catch (error) {
      if (!failing) hooks.onError(error, 'write');
      failing = true;
      if (!retrying) setTimeout(retry, RETRY_INTERVAL_MS).unref();
      retrying = true;
    }
  }
  function retry(): void {
    retrying = false;
    writeWaiting();
  }

  return {
    write(line) {
      queue.add(line);
      writeWaiting();
    },
    reopen() {
      if (typeof target === 'number') return;
      try {
        const previous = fd;
        fd = open(target);
        closeSync(previous);
      } catch (error) {
        hooks.onError(error, 'reopen');
      }
      writeWaiting();
    },
    async flush() {
      writeWaiting();
    },
  };
}
