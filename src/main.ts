#!/usr/bin/env node
/** Runs the command line on this process: its arguments, environment, files and signals. */
import { globSync, readFileSync, watchFile } from 'node:fs';
import { runCli } from './cli/cli.ts';
import type { Loaded } from './config/load.ts';
import { openAuditLog } from './observe/audit.ts';
import { createLogger, describeError, standardOutput } from './observe/log.ts';
import { startServer } from './server.ts';
import { openStore } from './store/open.ts';

/** How often a watched file is looked at. */
const WATCH_MS = 1_000;

async function start({ config, warnings }: Loaded, { file, again }: { file: string; again: () => Loaded }) {
  const output = standardOutput();
  const log = createLogger(config.log.level, output);
  for (const warning of warnings) log.warn({ unsafe: true }, warning);
  const auditLog = openAuditLog(config.audit.file === undefined ? { output } : { file: config.audit.file }, (error) =>
    log.error({ err: describeError(error) }, 'the audit log cannot be written'),
  );
  const store = openStore(config, { log });
  const server = await startServer(config, { store, log, auditLog }).catch(async (error: unknown) => {
    await store.close();
    throw error;
  });
  process.on('SIGHUP', () => {
    auditLog.reopen();
    void server.reload(again);
  });
  // Looking rather than being told: a mounted ConfigMap is replaced by a link, which no event of the file tells.
  if (config.reload.watch) watchFile(file, { interval: WATCH_MS, persistent: false }, () => void server.reload(again));
  const stop = (signal: string, delay: number) => {
    log.info({ signal }, 'draining');
    server.stop(delay).then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', (signal) => stop(signal, config.limits.drainDelay));
  // Somebody at a keyboard has no balancer to wait for.
  process.once('SIGINT', (signal) => stop(signal, 0));
}

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
