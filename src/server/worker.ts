/** A worker: a process that serves requests with the configuration of the primary process, and ends with it. */
import type { Config } from '../config/schema/schema.ts';
import type { AuditLog } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { openStore } from '../store/open.ts';
import { isStoreMessage, type StoreMessage } from '../store/processes/protocol.ts';
import { openRemoteStore } from '../store/processes/remote-store.ts';
import { type RunningServer, startServer } from './server.ts';
import { type ProcessChannel, storeChannelOf, type WorkerCommand, type WorkerReport } from './worker-messages.ts';

export interface WorkerParts {
  openLogs: (config: Config) => { log: Logger; auditLog: AuditLog };
  channel: ProcessChannel;
  exit: (code: number) => void;
}

type StartCommand = Extract<WorkerCommand, { start: unknown }>['start'];

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** Runs the worker: executes the commands of the primary process, and drains when the channel to it closes. */
export function startWorker({ openLogs, channel, exit }: WorkerParts): void {
  let server: Promise<RunningServer> | undefined;
  let reopenAuditLog = () => {};
  const report = (message: WorkerReport) => void channel.send(message);

  async function start({ config, remoteStore }: StartCommand): Promise<RunningServer> {
    const { log, auditLog } = openLogs(config);
    reopenAuditLog = auditLog.reopen;
    const remote = remoteStore !== undefined && openRemoteStore(remoteStore, storeChannelOf(channel));
    const store = remote || openStore(config.session.store, { log });
    return await startServer(config, { store, log, auditLog });
  }
  async function stop(delay: number): Promise<void> {
    await (await server)?.stop(delay);
    exit(0);
  }
  async function reportSnapshot(id: number): Promise<void> {
    const snapshot = await (await server)?.snapshot();
    if (snapshot) report({ id, snapshot });
  }
  const fail = (error: unknown) => {
    report({ failed: messageOf(error) });
    exit(1);
  };

  channel.on('message', (message: WorkerCommand | StoreMessage) => {
    if (isStoreMessage(message)) return;
    if ('stop' in message) return void stop(message.stop.delay).catch(fail);
    if ('reload' in message) {
      reopenAuditLog();
      return void server?.then((running) => running.reload(() => ({ config: message.reload, warnings: [] })));
    }
    if ('snapshot' in message) return void reportSnapshot(message.snapshot).catch(() => undefined);
    server = start(message.start);
    server.then(({ port }) => report({ listening: port }), fail);
  });
  // Without the primary process there is no store and no operator: requests in progress end, no new ones are accepted.
  channel.on('disconnect', () => void stop(0).catch(() => exit(1)));
}
