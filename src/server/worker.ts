/** A process that takes calls: gets its configuration from the one that started it, and ends with it. */
import type { Config } from '../config/schema/schema.ts';
import type { AuditLog } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import type { MetricsSnapshot } from '../observe/metrics/metrics.ts';
import { openStore } from '../store/open.ts';
import { isStoreMessage, type StoreChannel, type StoreMessage } from '../store/processes/protocol.ts';
import { openRemoteStore } from '../store/processes/remote-store.ts';
import { type RunningServer, startServer } from './server.ts';

/** What the first process tells the others. */
export type WorkerCommand =
  | { readonly start: { config: Config; remote: string | undefined } }
  | { readonly stop: { delay: number } }
  | { readonly count: number }
  | { readonly reload: Config };
/** What they tell it. */
export type WorkerReport =
  | { readonly listening: number }
  | { readonly failed: string }
  | { readonly counted: number; readonly snapshot: MetricsSnapshot };

type Pipe = Pick<NodeJS.EventEmitter, 'on'> & { send(message: unknown): unknown };

/** The store's part of a pipe between two processes. */
export function channelOf(pipe: Pipe): StoreChannel {
  return {
    send: (message: StoreMessage) => void pipe.send(message),
    receive: (listener) => void pipe.on('message', (message: unknown) => isStoreMessage(message) && listener(message)),
  };
}

export interface WorkerParts {
  openLogs: (config: Config) => { log: Logger; auditLog: AuditLog };
  pipe: Pipe;
  exit: (code: number) => void;
}

/** Runs in a process that takes calls: waits for its orders, and ends with the one that gives them. */
export function serveAsWorker({ openLogs, pipe, exit }: WorkerParts): void {
  let server: Promise<RunningServer> | undefined;
  let reopen = () => {};
  const report = (message: WorkerReport) => void pipe.send(message);

  async function begin({
    config,
    remote,
  }: Extract<WorkerCommand, { start: unknown }>['start']): Promise<RunningServer> {
    const { log, auditLog } = openLogs(config);
    reopen = auditLog.reopen;
    const store =
      remote === undefined ? openStore(config.session.store, { log }) : openRemoteStore(remote, channelOf(pipe));
    return await startServer(config, { store, log, auditLog });
  }
  async function end(delay: number): Promise<void> {
    await (await server)?.stop(delay);
    exit(0);
  }
  async function count(id: number): Promise<void> {
    const snapshot = await (await server)?.snapshot();
    if (snapshot) report({ counted: id, snapshot });
  }
  const failed = (error: unknown) => {
    report({ failed: error instanceof Error ? error.message : String(error) });
    exit(1);
  };

  pipe.on('message', (message: WorkerCommand | StoreMessage) => {
    if (isStoreMessage(message)) return;
    if ('stop' in message) return void end(message.stop.delay).catch(failed);
    if ('reload' in message) {
      reopen();
      return void server?.then((running) => running.reload(() => ({ config: message.reload, warnings: [] })));
    }
    if ('count' in message) return void count(message.count).catch(() => undefined);
    server = begin(message.start);
    server.then(({ port }) => report({ listening: port }), failed);
  });
  // Without the first process there is no store and nobody to ask: running calls end, no new ones are taken.
  pipe.on('disconnect', () => void end(0).catch(() => exit(1)));
}
