/** The parser of the arguments, built from the rows of the commands: help of each command, suggestions, sentences about wrong usage. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command as Parser } from 'commander';
import type { CliDeps, Command, Parameter } from './command.ts';
import { CONFIG_OPTION } from './config-source.ts';

/** Summaries of the groups of commands. */
const GROUPS: Readonly<Record<string, string>> = {
  import: 'convert the configuration of another product, and print a report',
  keys: 'keys for secrets.keys',
  sessions: 'sessions of the running gateway',
};

const EXIT_CODES = `
Exit codes: 0 success, 1 failure, 2 wrong usage.
\`bff-gateway help COMMAND\` prints the arguments and options of a command.`;

/** The version of the package. */
export function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

const collect = (value: string, previous: readonly string[] = []): readonly string[] => [...previous, value];

function addOption(parser: Parser, { name, summary, repeatable = false }: Parameter): void {
  if (repeatable) parser.option(name, summary, collect);
  else parser.option(name, summary);
}

/** Options of a command in the order of its help. */
export const optionsOf = ({ options = [], needsConfig = false }: Command): readonly Parameter[] =>
  needsConfig ? [CONFIG_OPTION, ...options] : options;

function addCommand(parent: Parser, name: string, command: Command, deps: CliDeps): void {
  const { summary, details, args = [] } = command;
  const parser = parent.command(name).summary(summary).description(sentence(summary));
  for (const { name: argument, summary: about } of args) parser.argument(argument, about);
  for (const option of optionsOf(command)) addOption(parser, option);
  if (details !== undefined) parser.addHelpText('after', `\n${details}`);
  parser.action(async () => command.run(deps, { args: parser.args, options: parser.opts() }));
}

const sentence = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** The group of a command, which is created at its first command. */
function groupOf(program: Parser, name: string): Parser {
  const known = program.commands.find((command) => command.name() === name);
  const summary = GROUPS[name] ?? name;
  return known ?? program.command(name).summary(summary).description(sentence(summary));
}

/** The program; it throws a `CommanderError` for help and for wrong usage, in place of an exit. */
export function createProgram(commands: readonly Command[], deps: CliDeps): Parser {
  const program = new Parser('bff-gateway')
    .description(
      'Signs users of a single-page app in, keeps their tokens on the server, and forwards requests to APIs.',
    )
    .version(packageVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [COMMAND]', 'print the help of a command')
    .configureHelp({ showGlobalOptions: false })
    .configureOutput({
      writeOut: deps.out,
      writeErr: deps.err,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .showHelpAfterError('Run `bff-gateway --help`, or add --help to a command, for its usage.')
    .exitOverride()
    .addHelpText('after', EXIT_CODES);
  for (const command of commands) {
    const [first = '', second] = command.name.split(' ');
    if (second === undefined) addCommand(program, first, command, deps);
    else addCommand(groupOf(program, first), second, command, deps);
  }
  return program;
}
