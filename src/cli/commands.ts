/** Commands of the command line, one row each: their name, arguments and what they run. */
import { randomBytes } from 'node:crypto';
import { type Loaded, loadFile } from '../config/load/load.ts';
import { jsonSchema } from '../config/schema/options.ts';
import { formatWarning } from '../config/warnings/warnings.ts';
import { IMPORT_FORMATS, type ImportFormat } from '../import/formats.ts';
import { createLogger } from '../observe/log.ts';
import { appSummary } from './app-summary.ts';
import { describeConfig } from './describe.ts';
import { listSessions, revokeSessions, type SessionFilter } from './sessions.ts';

export interface CliDeps {
  argv: readonly string[];
  env: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a file; throws when it cannot be read. */
  readFile: (path: string) => string;
  /** Returns the paths of the files below a folder, relative to it; throws when it cannot be read. */
  listFiles: (folder: string) => readonly string[];
  /** Writes to standard output. */
  out: (text: string) => void;
  /** Writes to standard error. */
  err: (text: string) => void;
  /** Sends requests to a running gateway. */
  fetch: typeof fetch;
  /** Starts the gateway; resolves when it listens. `reload` loads the same file again, and leaves out apps with faulty files of their own. */
  start: (loaded: Loaded, reload: () => Loaded) => Promise<void>;
}

/** Arguments and options of one invocation; each option is named after its flag. */
export interface Invocation {
  /** Value of `--config`; empty if the command does not need it. */
  file: string;
  /** Positional arguments after the name of the command. */
  args: readonly string[];
  claims: string | undefined;
  address: string | undefined;
  /** Values of `--user`, `--sid`, `--id` and `--all`. */
  filter: SessionFilter;
  issuer: string | undefined;
  json: boolean;
  cursor: string | undefined;
}

/** Commands import their modules on demand: a gateway that serves requests does not need the importers in memory. */
export interface Command {
  needsConfig: boolean;
  /** Number of positional arguments after the name. */
  argumentCount: number;
  run(deps: CliDeps, invocation: Invocation): void | Promise<void>;
}

const load = ({ env, readFile }: CliDeps, file: string, tolerant = false): Loaded =>
  loadFile({ file, env, readFile, tolerant });

function check(deps: CliDeps, { file }: Invocation): void {
  const { config, warnings } = load(deps, file);
  const { summary, warning } = appSummary(config);
  deps.out(summary + describeConfig(config));
  for (const found of [...warnings, ...warning]) deps.err(formatWarning(found));
}

const newKey = () => `{ id: k${randomBytes(3).toString('hex')}, value: ${randomBytes(48).toString('base64url')} }\n`;

async function explain(deps: CliDeps, { file, args, claims, address }: Invocation): Promise<void> {
  const { explainRequest } = await import('./explain.ts');
  const { chooseApp } = await import('./choose-app.ts');
  const { config } = load(deps, file);
  const text = claims === undefined ? undefined : deps.readFile(claims);
  const [method = '', url = ''] = args;
  const { app, path, origin } = chooseApp(config, url);
  const request = { method: method.toUpperCase(), path, origin, claims: text, address, now: Date.now() };
  const explained = explainRequest(app, request);
  deps.out(config.apps ? `app     ${app.app.id}\n${explained}` : explained);
}

async function doctor(deps: CliDeps, { file, json }: Invocation): Promise<void> {
  const { readFile, out } = deps;
  const { runChecks, formatReport } = await import('./doctor/doctor.ts');
  // The report holds everything that the checked components would log.
  const log = createLogger('silent');
  const { text, failed } = formatReport(await runChecks(load(deps, file), { readFile, log, clock: Date.now }), json);
  out(text);
  if (failed > 0) throw new Error(`${failed} ${failed === 1 ? 'check' : 'checks'} failed`);
}

function importCommand(format: ImportFormat): [string, Command] {
  const run = async ({ readFile, listFiles, out, err }: CliDeps, { args: [path = ''], issuer }: Invocation) => {
    const { importFrom } = await import('../import/import.ts');
    const { yaml, report } = importFrom(format, path, { readFile, listFiles }, issuer);
    out(yaml);
    err(report);
  };
  return [`import ${format}`, { needsConfig: false, argumentCount: 1, run }];
}

/** Every command, by its name on the command line. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...Object.fromEntries(IMPORT_FORMATS.map(importCommand)),
  start: {
    needsConfig: true,
    argumentCount: 0,
    run: (deps, { file }) => deps.start(load(deps, file), () => load(deps, file, true)),
  },
  check: { needsConfig: true, argumentCount: 0, run: check },
  doctor: { needsConfig: true, argumentCount: 0, run: doctor },
  explain: { needsConfig: true, argumentCount: 2, run: explain },
  schema: {
    needsConfig: false,
    argumentCount: 0,
    run: ({ out }) => out(`${JSON.stringify(jsonSchema(), null, 2)}\n`),
  },
  'sessions list': {
    needsConfig: true,
    argumentCount: 0,
    run: async (deps, { file, filter, cursor }) =>
      deps.out(await listSessions(load(deps, file).config, filter, cursor, deps.fetch)),
  },
  'sessions revoke': {
    needsConfig: true,
    argumentCount: 0,
    run: async (deps, { file, filter }) =>
      deps.out(await revokeSessions(load(deps, file).config, filter, deps.fetch, deps.err)),
  },
  'keys new': { needsConfig: false, argumentCount: 0, run: ({ out }) => out(newKey()) },
};
