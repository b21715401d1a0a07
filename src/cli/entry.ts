/** Entry of the command line in this process: arguments, environment, files, signals and workers. */
import cluster from 'node:cluster';
import { globSync, readFileSync } from 'node:fs';
import { createFileWatch } from '../base/watch-files.ts';
import type { Loaded } from '../config/load/load.ts';
import { closestMatch } from '../config/messages/suggest.ts';
import type { Config } from '../config/schema/schema.ts';
import { logWarnings } from '../config/warnings/warnings.ts';
import { containPlugins } from '../hooks/contain-plugins.ts';
import type { Plugin } from '../hooks/hooks.ts';
import { loadPlugins } from '../hooks/load-plugins.ts';
import { describeError, type Logger } from '../observe/log.ts';
import { openLogs } from '../observe/open-logs.ts';
import { startServer } from '../server/server.ts';
import { startWorker } from '../server/worker.ts';
import { startWorkers, workerCount } from '../server/workers.ts';
import { openStore } from '../store/open.ts';
import { runCli } from './cli.ts';
import { handleSignals, WORKER_IGNORES } from './signals.ts';

/** Maximum time that an exit waits for the reader of the log. */
const FLUSH_TIMEOUT_MS = 1_000;

/**
 * Loads the plugins of this process. Rejects with the reason, in one line. From now on, errors that they do not catch are logged; the
 * process gets listeners only if there are plugins.
 */
async function openPlugins({ plugins }: Config, log: Logger): Promise<Plugin[]> {
  if (plugins.length === 0) return [];
  const on = process.on.bind(process);
  const fail = (text: string) => {
    process.stderr.write(text);
    process.exit(1);
  };
  containPlugins({ log, describe: describeError, on, fail });
  return await loadPlugins(plugins, closestMatch);
}

async function start({ config, warnings, readFrom = [] }: Loaded, load: () => Loaded) {
  const { log, flush, ...logs } = openLogs(config);
  const plugins = await openPlugins(config, log);
  logWarnings(log, warnings);
  const store = openStore(config.session.store, { log });
  const run = workerCount(config) > 1 ? startWorkers : startServer;
  const server = run(config, { store, log, ...logs, plugins });
  const { watch } = createFileWatch(() => reloadConfig());
  const reload = () => {
    const loaded = load();
    if (config.reload.watch) watch(loaded.readFrom ?? []);
    return loaded;
  };
  const reloadConfig = () =>
    void server.then(
      (running) => running.reload(reload),
      () => undefined,
    );
  handleSignals({
    log,
    server,
    reload: reloadConfig,
    drainDelay: config.limits.drainDelay,
    exit: (code) => void flush(FLUSH_TIMEOUT_MS).finally(() => process.exit(code)),
  });
  await server.catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  if (config.reload.watch) watch(readFrom);
}

/** Ends the process when what it has written has left: a plugin that `check` has loaded may have a timer or a connection. */
function exitWhenWritten(): void {
  process.stdout.write('', () => void process.stderr.write('', () => process.exit()));
}

async function runCommand(): Promise<void> {
  let isServing = false;
  const code = await runCli({
    argv: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    listFiles: (folder) => globSync('**/*.*', { cwd: folder }),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTerminal: process.stdout.isTTY === true,
    fetch,
    start(loaded, load) {
      isServing = true;
      return start(loaded, load);
    },
  });
  if (code !== 0) process.exit(code);
  if (!isServing) exitWhenWritten();
}

function runWorker(): void {
  for (const signal of WORKER_IGNORES) process.on(signal, () => {});
  const channel = { on: process.on.bind(process), send: (message: unknown) => process.send?.(message) };
  startWorker({ openLogs, openPlugins, channel, exit: (code) => process.exit(code) });
}

if (cluster.isWorker) runWorker();
else await runCommand();
