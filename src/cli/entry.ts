/** Entry of the command line in this process: arguments, environment, files, signals and workers. */
import cluster from 'node:cluster';
import { globSync, readFileSync, watchFile } from 'node:fs';
import type { Loaded } from '../config/load/load.ts';
import { logWarnings } from '../config/warnings/warnings.ts';
import { openLogs } from '../observe/open-logs.ts';
import { startServer } from '../server/server.ts';
import { startWorker } from '../server/worker.ts';
import { startWorkers, workerCount } from '../server/workers.ts';
import { openStore } from '../store/open.ts';
import { runCli } from './cli.ts';

/** How often a watched file is checked for changes. */
const WATCH_INTERVAL_MS = 1_000;

async function start({ config, warnings }: Loaded, { file, reload }: { file: string; reload: () => Loaded }) {
  const { log, auditLog } = openLogs(config);
  logWarnings(log, warnings);
  const store = openStore(config.session.store, { log });
  const run = workerCount(config) > 1 ? startWorkers : startServer;
  const server = await run(config, { store, log, auditLog }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  process.on('SIGHUP', () => {
    auditLog.reopen();
    void server.reload(reload);
  });
  // Polling, because a mounted ConfigMap is replaced through a symbolic link, which causes no event for the file.
  if (config.reload.watch)
    watchFile(file, { interval: WATCH_INTERVAL_MS, persistent: false }, () => void server.reload(reload));
  const stop = (signal: string, delay: number) => {
    log.info({ signal }, 'draining');
    server.stop(delay).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', (signal) => stop(signal, config.limits.drainDelay));
  // An interactive interrupt needs no drain delay: there is no load balancer to wait for.
  process.once('SIGINT', (signal) => stop(signal, 0));
}

async function runCommand(): Promise<void> {
  const code = await runCli({
    argv: process.argv.slice(2),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
    listFiles: (folder) => globSync('**/*.*', { cwd: folder }),
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    fetch,
    start,
  });
  if (code !== 0) process.exit(code);
}

function runWorker(): void {
  // The primary process also receives these signals, and instructs the workers.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {});
  const channel = { on: process.on.bind(process), send: (message: unknown) => process.send?.(message) };
  startWorker({ openLogs, channel, exit: (code) => process.exit(code) });
}

if (cluster.isWorker) runWorker();
else await runCommand();
