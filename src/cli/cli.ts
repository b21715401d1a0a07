/** The command line: start, check, doctor, explain, import, sessions, schema, keys new. */
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Loaded, loadFile } from '../config/load/load.ts';
import { jsonSchema } from '../config/schema/options.ts';
import { IMPORT_FORMATS, type ImportFormat } from '../import/formats.ts';
import { createLogger } from '../observe/log.ts';
import { describeConfig } from './describe.ts';
import { listSessions, revokeSessions, type SessionChoice } from './sessions.ts';

export interface CliParts {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a file; throws when it cannot be read. */
  readFile: (path: string) => string;
  /** Paths of the files below a folder, from that folder; throws when it cannot be read. */
  listFiles: (folder: string) => readonly string[];
  out: (text: string) => void;
  err: (text: string) => void;
  /** For questions to a running gateway. */
  fetch: typeof fetch;
  /** Starts the gateway; resolves when it listens. `again` reads the same file anew. */
  start: (loaded: Loaded, source: { file: string; again: () => Loaded }) => Promise<void>;
}

/** 0 good, 1 failed, 2 wrong use. */
export type ExitCode = 0 | 1 | 2;

const USAGE = `Usage:
  bff-gateway start --config FILE   start the gateway
  bff-gateway check --config FILE   check a configuration and print what was understood
  bff-gateway doctor --config FILE [--json]
                                    look at provider, client, store, upstreams and settings, and say what is wrong
  bff-gateway explain METHOD PATH --config FILE [--claims JSON] [--address ADDRESS]
                                    tell which rule decides on a call, for a token with these claims and a client
                                    at this address
  bff-gateway import kong|apim|oauth2-proxy FILE
  bff-gateway import apigee FOLDER [--issuer URL]
                                    print the configuration of another product as one of this gateway, and a report
  bff-gateway sessions list --config FILE [--user SUB | --sid SID | --id ID] [--cursor CURSOR]
                                    list sessions of the running gateway
  bff-gateway sessions revoke --config FILE (--user SUB | --sid SID | --id ID | --all)
                                    end sessions of the running gateway
  bff-gateway schema                print the JSON Schema of the configuration
  bff-gateway keys new              print a new key for secrets.keys
`;

function load({ env, readFile }: CliParts, file: string): Loaded {
  return loadFile({ file, env, readFile });
}

function check(parts: CliParts, file: string): void {
  const { config, warnings } = load(parts, file);
  parts.out(describeConfig(config));
  for (const warning of warnings) parts.err(`warning: ${warning}\n`);
}

function newKey(): string {
  return `{ id: k${randomBytes(3).toString('hex')}, value: ${randomBytes(48).toString('base64url')} }\n`;
}

interface Given {
  /** Of `--config`; empty where the command needs none. */
  file: string;
  /** What stands behind the name of the command. */
  args: readonly string[];
  /** Of `--claims`. */
  claims: string | undefined;
  /** Of `--address`. */
  address: string | undefined;
  choice: SessionChoice;
  /** Of `--issuer`. */
  issuer: string | undefined;
  /** Of `--json`. */
  json: boolean;
  /** Of `--cursor`. */
  cursor: string | undefined;
}

/** What the command itself needs is loaded by it: a gateway that serves calls has no use for the importers. */
interface Command {
  needsFile: boolean;
  /** Number of arguments behind the name. */
  takes: number;
  run(parts: CliParts, given: Given): void | Promise<void>;
}

async function explainCall(parts: CliParts, { file, args, claims, address }: Given): Promise<void> {
  const { explain } = await import('./explain.ts');
  const { config } = load(parts, file);
  const text = claims === undefined ? undefined : parts.readFile(claims);
  const [method = '', path = ''] = args;
  parts.out(explain(config, { method: method.toUpperCase(), path, claims: text, address, now: Date.now() }));
}

async function doctor(parts: CliParts, { file, json }: Given): Promise<void> {
  const { readFile, out } = parts;
  const { runChecks, formatReport } = await import('./doctor/doctor.ts');
  // The findings say it all; what the parts would log is said there in other words.
  const log = createLogger('silent');
  const { text, failed } = formatReport(await runChecks(load(parts, file), { readFile, log, clock: Date.now }), json);
  out(text);
  if (failed > 0) throw new Error(`${failed} ${failed === 1 ? 'check' : 'checks'} failed`);
}

function importCommand(format: ImportFormat): [string, Command] {
  const run = async ({ readFile, listFiles, out, err }: CliParts, { args: [path = ''], issuer }: Given) => {
    const { importFrom } = await import('../import/import.ts');
    const { yaml, report } = importFrom(format, path, { readFile, listFiles }, issuer);
    out(yaml);
    err(report);
  };
  return [`import ${format}`, { needsFile: false, takes: 1, run }];
}

const COMMANDS: Record<string, Command> = {
  ...Object.fromEntries(IMPORT_FORMATS.map(importCommand)),
  start: {
    needsFile: true,
    takes: 0,
    run: (parts, { file }) => parts.start(load(parts, file), { file, again: () => load(parts, file) }),
  },
  check: { needsFile: true, takes: 0, run: (parts, { file }) => check(parts, file) },
  doctor: { needsFile: true, takes: 0, run: doctor },
  explain: { needsFile: true, takes: 2, run: explainCall },
  schema: { needsFile: false, takes: 0, run: ({ out }) => out(`${JSON.stringify(jsonSchema(), null, 2)}\n`) },
  'sessions list': {
    needsFile: true,
    takes: 0,
    run: async (parts, { file, choice, cursor }) =>
      parts.out(await listSessions(load(parts, file).config, choice, cursor, parts.fetch)),
  },
  'sessions revoke': {
    needsFile: true,
    takes: 0,
    run: async (parts, { file, choice }) =>
      parts.out(await revokeSessions(load(parts, file).config, choice, parts.fetch)),
  },
  'keys new': { needsFile: false, takes: 0, run: ({ out }) => out(newKey()) },
};

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  claims: { type: 'string' },
  address: { type: 'string' },
  user: { type: 'string' },
  sid: { type: 'string' },
  id: { type: 'string' },
  all: { type: 'boolean' },
  cursor: { type: 'string' },
  issuer: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** The command with the longest name that the words begin with, and what was given to it; undefined for wrong use. */
function parse(argv: readonly string[]): { command: Command; given: Given } | 'help' | undefined {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS });
    if (values.help) return 'help';
    const words = [2, 1].find((count) => Object.hasOwn(COMMANDS, positionals.slice(0, count).join(' '))) ?? 0;
    const command = COMMANDS[positionals.slice(0, words).join(' ')];
    const args = positionals.slice(words);
    if (!command || args.length !== command.takes || (command.needsFile && values.config === undefined))
      return undefined;
    const { user, sid, id, all, cursor, claims, address, issuer, json = false } = values;
    const choice = { user, sid, id, all };
    const given = { file: values.config ?? '', args, claims, address, cursor, issuer, json, choice };
    return { command, given };
  } catch {
    return undefined;
  }
}

/** Runs one command. Never throws; faults go to `err`. */
export async function runCli(parts: CliParts): Promise<ExitCode> {
  const wanted = parse(parts.argv);
  if (wanted === undefined || wanted === 'help') {
    (wanted === 'help' ? parts.out : parts.err)(USAGE);
    return wanted === 'help' ? 0 : 2;
  }
  try {
    await wanted.command.run(parts, wanted.given);
    return 0;
  } catch (error) {
    parts.err(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}
