/** A worker: a process that serves requests with the configuration of the primary process, and ends with it. */
import { messageOf } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Plugin } from '../hooks/hooks.ts';
import type { Logger } from '../observe/log.ts';
import type { Logs } from '../observe/open-logs.ts';
import { openStore } from '../store/open.ts';
import { isStoreMessage, type StoreMessage } from '../store/processes/protocol.ts';
import { openRemoteStore } from '../store/processes/remote-store.ts';
import type { PreparedGateway } from './active-gateway.ts';
import { type ServerProcess, startServer } from './server.ts';
import {
  type ProcessChannel,
  storeChannelOf,
  type WorkerCommand,
  type WorkerConfig,
  type WorkerReport,
} from './worker-messages.ts';

export interface WorkerParts {
  openLogs: (config: Config) => Logs;
  openPlugins: (config: Config, log: Logger) => Promise<Plugin[]>;
  channel: ProcessChannel;
  exit: (code: number) => void;
}

/** Maximum time that an exit waits for the reader of the log. */
const FLUSH_TIMEOUT_MS = 1_000;

type StartCommand = Extract<WorkerCommand, { start: unknown }>['start'];
type ReloadCommand = Extract<WorkerCommand, { prepare: unknown } | { commit: unknown } | { discard: unknown }>;

/** Runs the steps of reloads one after the other, as they arrive. */
function createReloadSteps(server: Promise<ServerProcess>, report: (message: WorkerReport) => void) {
  const prepared = new Map<number, PreparedGateway>();
  let last: Promise<unknown> = server;
  const runNext = <T>(step: (running: ServerProcess) => T | Promise<T>): Promise<T> => {
    const next = last.then(async () => await step(await server));
    last = next.catch(() => undefined);
    return next;
  };
  const take = (id: number) => {
    const gateway = prepared.get(id);
    prepared.delete(id);
    return gateway;
  };

  async function prepare(running: ServerProcess, id: number, wanted: WorkerConfig): Promise<void> {
    const { config, digest, refused: known = [] } = wanted;
    try {
      const gateway = await running.prepare(config, digest);
      const refused = gateway.refused.find((app) => !known.includes(app.id));
      if (refused) {
        await gateway.discard();
        throw new Error(refused.reason);
      }
      prepared.set(id, gateway);
      report({ prepared: id });
    } catch (error) {
      report({ prepared: id, refused: messageOf(error) });
    }
  }

  return {
    reload(command: ReloadCommand): void {
      if ('prepare' in command) void runNext((running) => prepare(running, command.prepare, command.wanted));
      else if ('commit' in command) void runNext(() => take(command.commit)?.commit());
      else void runNext(() => take(command.discard)?.discard());
    },
    apply: ({ config, digest }: WorkerConfig) => runNext((running) => running.apply(config, digest)),
  };
}

/** Runs the worker: executes the commands of the primary process, and drains when the channel to it closes. */
export function startWorker({ openLogs, openPlugins, channel, exit }: WorkerParts): void {
  let server: Promise<ServerProcess> | undefined;
  let steps: ReturnType<typeof createReloadSteps> | undefined;
  let logs: Logs | undefined;
  const report = (message: WorkerReport) => void channel.send(message);

  async function start({ config, digest, remoteStore }: StartCommand): Promise<ServerProcess> {
    logs = openLogs(config);
    const plugins = await openPlugins(config, logs.log);
    const remote = remoteStore !== undefined && openRemoteStore(remoteStore, storeChannelOf(channel));
    const store = remote || openStore(config.session.store, logs);
    return await startServer(config, { ...logs, store, digest, plugins });
  }
  async function stop(delay: number): Promise<void> {
    await (await server)?.stop(delay);
    await logs?.flush(FLUSH_TIMEOUT_MS);
    exit(0);
  }
  async function reportSnapshot(id: number): Promise<void> {
    const running = await server;
    if (running) report({ id, snapshot: await running.snapshot(), upstreams: running.upstreams() });
  }
  const fail = (error: unknown) => {
    report({ failed: messageOf(error) });
    exit(1);
  };

  channel.on('message', (message: WorkerCommand | StoreMessage) => {
    if (isStoreMessage(message)) return;
    if ('ping' in message) return report({ pong: true });
    if ('stop' in message) return void stop(message.stop.delay).catch(fail);
    if ('reopenLogs' in message) return logs?.auditLog.reopen();
    if ('logLevel' in message) return logs?.logLevel.set(message.logLevel);
    if ('snapshot' in message) return void reportSnapshot(message.snapshot).catch(() => undefined);
    if ('start' in message) {
      server = start(message.start);
      steps = createReloadSteps(server, report);
      return void server.then(({ port }) => report({ listening: port }), fail);
    }
    // A worker that cannot apply the configuration of the others is replaced by one that starts with it.
    if ('apply' in message) return void steps?.apply(message.apply).catch(fail);
    steps?.reload(message);
  });
  // Without the primary process there is no store and no operator: requests in progress end, no new ones are accepted.
  channel.on('disconnect', () => void stop(0).catch(() => exit(1)));
}
