/** The command line: start, check, schema, keys new. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { ConfigError } from '../config/faults.ts';
import { type Loaded, loadConfig } from '../config/load.ts';
import { jsonSchema } from '../config/options.ts';
import { describeConfig } from './describe.ts';

export interface CliParts {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws when it cannot be read. */
  readFile: (path: string) => string;
  out: (text: string) => void;
  err: (text: string) => void;
  /** Starts the gateway; resolves when it listens. */
  start: (loaded: Loaded) => Promise<void>;
}

/** 0 good, 1 failed, 2 wrong use. */
export type ExitCode = 0 | 1 | 2;

const USAGE = `Usage:
  bff-gateway start --config FILE   start the gateway
  bff-gateway check --config FILE   check a configuration and print what was understood
  bff-gateway schema                print the JSON Schema of the configuration
  bff-gateway keys new              print a new key for secrets.keys
`;

function load({ env, readFile }: CliParts, file: string): Loaded {
  let text: string;
  try {
    text = readFile(file);
  } catch {
    throw new ConfigError([{ file, path: '', message: 'this file cannot be read' }]);
  }
  return loadConfig({ file, text, env, readFile });
}

function check(parts: CliParts, file: string): void {
  const { config, warnings } = load(parts, file);
  parts.out(describeConfig(config));
  for (const warning of warnings) parts.err(`warning: ${warning}\n`);
}

function newKey(): string {
  return `{ id: k${randomBytes(3).toString('hex')}, value: ${randomBytes(48).toString('base64url')} }\n`;
}

type Command = (parts: CliParts, file: string) => void | Promise<void>;

const COMMANDS: Record<string, { needsFile: boolean; run: Command }> = {
  start: { needsFile: true, run: (parts, file) => parts.start(load(parts, file)) },
  check: { needsFile: true, run: check },
  schema: { needsFile: false, run: ({ out }) => out(`${JSON.stringify(jsonSchema(), null, 2)}\n`) },
  'keys new': { needsFile: false, run: ({ out }) => out(newKey()) },
};

function parse(argv: readonly string[]): { name: string; file: string | undefined; help: boolean } | undefined {
  try {
    const options = { config: { type: 'string', short: 'c' }, help: { type: 'boolean', short: 'h' } } as const;
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options });
    return { name: positionals.join(' '), file: values.config, help: values.help ?? false };
  } catch {
    return undefined;
  }
}

/** Runs one command. Never throws; faults go to `err`. */
export async function runCli(parts: CliParts): Promise<ExitCode> {
  const wanted = parse(parts.argv);
  if (wanted?.help) {
    parts.out(USAGE);
    return 0;
  }
  const command = wanted && Object.hasOwn(COMMANDS, wanted.name) ? COMMANDS[wanted.name] : undefined;
  if (!wanted || !command || (command.needsFile && wanted.file === undefined)) {
    parts.err(USAGE);
    return 2;
  }
  try {
    await command.run(parts, wanted.file ?? '');
    return 0;
  } catch (error) {
    parts.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
