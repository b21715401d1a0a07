/** The signals of a running gateway (docs/operations.md). None of them ends the process while requests are running. */
import type { Logger } from '../observe/log.ts';
import type { RunningServer } from '../server/server.ts';

export interface SignalParts {
  log: Logger;
  /** The server, once it listens. Signals that arrive earlier take effect then. */
  server: Promise<Pick<RunningServer, 'stop' | 'reopenLogs' | 'toggleLogLevel'>>;
  reload: () => void;
  /** Milliseconds that a load balancer needs to notice the stop. */
  drainDelay: number;
  exit: (code: number) => void;
}

/** The signals that a worker ignores: the first process also receives them, and instructs the workers. */
export const WORKER_IGNORES: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGQUIT',
  'SIGHUP',
  'SIGUSR1',
  'SIGUSR2',
];

/** Installs the handlers. */
export function handleSignals({ log, server, reload, drainDelay, exit }: SignalParts): void {
  let stopping = false;
  /** Later signals must not end the process: refreshed tokens may wait to be stored. They can only shorten the delay. */
  const stop = (delay: number) => (signal: NodeJS.Signals) => {
    log.info({ signal }, 'draining');
    const code = server
      .then((running) => running.stop(delay))
      .then(
        () => 0,
        () => 1,
      );
    if (!stopping) void code.then(exit);
    stopping = true;
  };
  const whenRunning = (run: (running: Awaited<SignalParts['server']>) => void) => () =>
    void server.then(run, () => undefined);
  const reopen = whenRunning((running) => running.reopenLogs());
  process.on('SIGTERM', stop(drainDelay));
  process.on('SIGQUIT', stop(drainDelay));
  // An interactive interrupt needs no drain delay: there is no load balancer to wait for.
  process.on('SIGINT', stop(0));
  process.on('SIGHUP', () => {
    reopen();
    reload();
  });
  // Without a handler Node opens its inspector, through which any local process can run code.
  process.on('SIGUSR1', reopen);
  process.on(
    'SIGUSR2',
    whenRunning((running) => running.toggleLogLevel()),
  );
}
