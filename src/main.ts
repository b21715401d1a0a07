#!/usr/bin/env node
/** Reads the command line and runs the command: start, check, or the schema for editors. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ConfigError } from './config/faults.ts';
import { type Loaded, loadConfig } from './config/load.ts';
import { configSchema } from './config/schema.ts';
import { createLogger } from './observe/log.ts';
import { startServer } from './server.ts';
import { openStore } from './store/open.ts';

const USAGE = `Usage:
  bff-gateway start --config FILE   start the gateway
  bff-gateway check --config FILE   check a configuration
  bff-gateway schema                print the JSON Schema of the configuration
`;

function load(file: string): Loaded {
  const readFile = (path: string) => readFileSync(path, 'utf8');
  return loadConfig({ file, text: readFile(file), env: process.env, readFile });
}

async function start(file: string): Promise<void> {
  const { config, warnings } = load(file);
  const log = createLogger(config.log.level);
  for (const warning of warnings) log.warn({ unsafe: true }, warning);
  const server = await startServer(config, { store: openStore(config, { log }), log });
  const stop = (signal: string) => {
    log.info({ signal }, 'draining');
    server.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function check(file: string): void {
  const { config, warnings } = load(file);
  for (const warning of warnings) console.log(`warning: ${warning}`);
  console.log(`${file}: good. ${config.publicUrl}, provider ${config.provider.issuer}, ${config.routes.length} routes`);
}

async function run(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: { config: { type: 'string', short: 'c' } },
  });
  const [command] = positionals;
  if (command === 'schema') {
    console.log(
      JSON.stringify(
        z.toJSONSchema(
          configSchema(() => ''),
          { io: 'input' },
        ),
        null,
        2,
      ),
    );
    return 0;
  }
  if ((command !== 'start' && command !== 'check') || values.config === undefined) {
    console.error(USAGE);
    return 2;
  }
  if (command === 'check') check(values.config);
  else await start(values.config);
  return 0;
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
