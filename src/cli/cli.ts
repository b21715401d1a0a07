/** Command line: parses the arguments, runs the command and returns the exit code. */
import { parseArgs } from 'node:util';
import { messageOf } from '../base/errors.ts';
import { type CliDeps, COMMANDS, type Command, type Invocation } from './commands.ts';

/** 0: success, 1: failure, 2: wrong usage. */
export type ExitCode = 0 | 1 | 2;

const USAGE = `Usage:
  bff-gateway start --config FILE   start the gateway
  bff-gateway check --config FILE   check a configuration and print it with its defaults
  bff-gateway doctor --config FILE [--json]
                                    check provider, client, store, upstreams and settings, and report faults
  bff-gateway explain METHOD PATH|URL --config FILE [--claims JSON] [--address ADDRESS]
                                    print which rule decides on a request, for a token with these claims and
                                    a client with this address
  bff-gateway import kong|apim|oauth2-proxy FILE
  bff-gateway import apigee FOLDER [--issuer URL]
                                    convert the configuration of another product, and print a report
  bff-gateway sessions list --config FILE [--app APP] [--user SUB | --sid SID | --id ID] [--cursor CURSOR]
                                    list sessions of the running gateway
  bff-gateway sessions revoke --config FILE [--app APP] (--user SUB | --sid SID | --id ID | --all)
                                    end sessions of the running gateway
  bff-gateway schema                print the JSON Schema of the configuration
  bff-gateway keys new              print a new key for secrets.keys
`;

const OPTIONS = {
  config: { type: 'string', short: 'c' },
  claims: { type: 'string' },
  address: { type: 'string' },
  app: { type: 'string' },
  user: { type: 'string' },
  sid: { type: 'string' },
  id: { type: 'string' },
  all: { type: 'boolean' },
  cursor: { type: 'string' },
  issuer: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type ParsedArguments = { command: Command; invocation: Invocation } | 'help' | undefined;

/** The command and its arguments; a two-word command takes precedence. Undefined for wrong usage. */
function parse(argv: readonly string[]): ParsedArguments {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], allowPositionals: true, options: OPTIONS });
    if (values.help) return 'help';
    const words = [2, 1].find((count) => Object.hasOwn(COMMANDS, positionals.slice(0, count).join(' '))) ?? 0;
    const command = COMMANDS[positionals.slice(0, words).join(' ')];
    const args = positionals.slice(words);
    if (!command || args.length !== command.argumentCount || (command.needsConfig && values.config === undefined))
      return undefined;
    const { app, user, sid, id, all, cursor, claims, address, issuer, json = false } = values;
    const filter = { app, user, sid, id, all };
    return {
      command,
      invocation: { file: values.config ?? '', args, claims, address, cursor, issuer, json, filter },
    };
  } catch {
    return undefined;
  }
}

/** Runs one command. Never rejects: errors are written to `err`. */
export async function runCli(deps: CliDeps): Promise<ExitCode> {
  const parsed = parse(deps.argv);
  if (parsed === undefined || parsed === 'help') {
    (parsed === 'help' ? deps.out : deps.err)(USAGE);
    return parsed === 'help' ? 0 : 2;
  }
  try {
    await parsed.command.run(deps, parsed.invocation);
    return 0;
  } catch (error) {
    deps.err(`${messageOf(error)}\n`);
    return 1;
  }
}
