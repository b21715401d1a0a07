/** Commands of the command line, one row each: their name, arguments, options and what they run. */
import { randomBytes } from 'node:crypto';
import { jsonSchema } from '../config/schema/options.ts';
import { newKey } from '../crypto/new-key.ts';
import { IMPORT_FORMATS, type ImportFormat } from '../import/formats.ts';
import { createLogger } from '../observe/log.ts';
import { check } from './check.ts';
import { type CliDeps, type Command, type Invocation, type Parameter, textOf, UsageError } from './command.ts';
import { load } from './config-source.ts';
import { DEV } from './dev-command.ts';
import { EXPLAIN } from './explain-command.ts';
import { INIT } from './init-command.ts';
import { listSessions, revokeSessions, type SessionFilter } from './sessions.ts';
import { listUpstreams } from './upstreams.ts';

/** An entry of `secrets.keys` for a person, the bare key for a file or a program. */
function keysNew({ out, isTerminal = false }: CliDeps, { options }: Invocation): void {
  if (options.yaml && options.bare) throw new UsageError('error: give --yaml or --bare, not both');
  const isYaml = options.yaml === true || (isTerminal && options.bare !== true);
  const entry = [
    '# An entry for secrets.keys; the first key seals, and the others still open.',
    '# To keep it out of the configuration: bff-gateway keys new > session-key, and { id: k1, file: session-key }',
    `- { id: k${randomBytes(3).toString('hex')}, value: ${newKey()} }`,
  ];
  out(isYaml ? `${entry.join('\n')}\n` : `${newKey()}\n`);
}

async function doctor(deps: CliDeps, invocation: Invocation): Promise<void> {
  const { readFile, out } = deps;
  const { runChecks, formatReport } = await import('./doctor/doctor.ts');
  // The report holds everything that the checked components would log.
  const log = createLogger('silent');
  const checks = await runChecks(load(deps, invocation), { readFile, log, clock: Date.now });
  const { text, failed } = formatReport(checks, invocation.options.json === true);
  out(text);
  if (failed > 0) throw new Error(`${failed} ${failed === 1 ? 'check' : 'checks'} failed`);
}

const IMPORTED: Readonly<Record<ImportFormat, string>> = {
  kong: 'a declarative configuration of Kong (YAML or JSON)',
  apim: 'a policy of Azure API Management (XML)',
  apigee: 'a folder with an API proxy of Apigee',
  'oauth2-proxy': 'a configuration of oauth2-proxy (TOML or YAML)',
};

function importCommand(format: ImportFormat): Command {
  return {
    name: `import ${format}`,
    summary: `convert ${IMPORTED[format]}`,
    args: [{ name: format === 'apigee' ? '<FOLDER>' : '<FILE>', summary: IMPORTED[format] }],
    options: [
      { name: '--issuer <URL>', summary: 'issuer of the provider, if the other configuration does not name it' },
    ],
    run: async ({ readFile, listFiles, out, err }, { args: [path = ''], options }) => {
      const { importFrom } = await import('../import/import.ts');
      const issuer = typeof options.issuer === 'string' ? options.issuer : undefined;
      const { yaml, report } = importFrom(format, path, { readFile, listFiles }, issuer);
      out(yaml);
      err(report);
    },
  };
}

const FILTERS: readonly Parameter[] = [
  { name: '--app <ID>', summary: 'sessions of this app; default: all apps' },
  { name: '--user <SUB>', summary: 'sessions of the user with this subject' },
  { name: '--sid <SID>', summary: 'the session with this ID at the provider' },
  { name: '--id <ID>', summary: 'the session with this ID in the list' },
];

function filterOf(invocation: Invocation): SessionFilter {
  const [app, user, sid, id] = ['app', 'user', 'sid', 'id'].map((name) => textOf(invocation, name));
  return { app, user, sid, id, all: invocation.options.all === true };
}

const PLUGIN_OPTION: Parameter = {
  name: '--plugin <FILE>',
  summary: 'JavaScript module whose hooks the gateway runs, after those of the configuration; can be repeated',
  repeatable: true,
};

/** Every command, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  INIT,
  DEV,
  {
    name: 'start',
    summary: 'start the gateway',
    needsConfig: true,
    options: [PLUGIN_OPTION],
    run: (deps, invocation) => deps.start(load(deps, invocation), () => load(deps, invocation, true)),
  },
  {
    name: 'check',
    summary: 'check the configuration and print it with its defaults',
    details: [
      'The output is a configuration itself: relative paths become absolute, and a secret becomes a reference to the file or variable it came',
      'from. One that is written in the configuration becomes a variable MASKED_..., which `check` accepts unset, and `start` does not. The last',
      'line on standard error is the verdict: `configuration is valid`, with the number of warnings, or the number of faults.',
    ].join('\n'),
    needsConfig: true,
    options: [PLUGIN_OPTION],
    run: check,
  },
  {
    name: 'doctor',
    summary: 'check provider, client, store, upstreams and settings, and report faults',
    needsConfig: true,
    options: [{ name: '--json', summary: 'print the report as JSON' }],
    run: doctor,
  },
  EXPLAIN,
  ...IMPORT_FORMATS.map(importCommand),
  {
    name: 'sessions list',
    summary: 'list sessions of the running gateway',
    needsConfig: true,
    options: [
      ...FILTERS,
      { name: '--cursor <CURSOR>', summary: 'continue after the page that ended with this cursor' },
    ],
    run: async (deps, invocation) => {
      const { config } = load(deps, invocation);
      deps.out(await listSessions(config, filterOf(invocation), textOf(invocation, 'cursor'), deps.fetch));
    },
  },
  {
    name: 'sessions revoke',
    summary: 'end sessions of the running gateway',
    needsConfig: true,
    options: [...FILTERS, { name: '--all', summary: 'all sessions' }],
    run: async (deps, invocation) =>
      deps.out(await revokeSessions(load(deps, invocation).config, filterOf(invocation), deps.fetch, deps.err)),
  },
  {
    name: 'upstreams',
    summary: 'list the upstreams of the running gateway, with the state of their targets',
    needsConfig: true,
    options: [{ name: '--json', summary: 'print everything that is known as JSON' }],
    run: async (deps, invocation) =>
      deps.out(await listUpstreams(load(deps, invocation).config, deps.fetch, invocation.options.json === true)),
  },
  {
    name: 'schema',
    summary: 'print the JSON Schema of the configuration',
    run: ({ out }) => out(`${JSON.stringify(jsonSchema(), null, 2)}\n`),
  },
  {
    name: 'keys new',
    summary: 'print a new key for secrets.keys',
    details:
      'On a terminal it prints an entry for the configuration, elsewhere the bare key: `bff-gateway keys new > session-key`.',
    options: [
      { name: '--yaml', summary: 'print an entry for the configuration' },
      { name: '--bare', summary: 'print the key alone' },
    ],
    run: keysNew,
  },
];
