/** Command line: parses the arguments, runs the command and returns the exit code. */
import { CommanderError } from 'commander';
import { messageOf } from '../base/errors.ts';
import { type CliDeps, UsageError } from './command.ts';
import { COMMANDS } from './commands.ts';
import { createProgram } from './program.ts';

/** 0: success, 1: failure, 2: wrong usage. */
export type ExitCode = 0 | 1 | 2;

/** Runs one command. Never rejects: errors are written to `err`. */
export async function runCli(deps: CliDeps): Promise<ExitCode> {
  try {
    await createProgram(COMMANDS, deps).parseAsync([...deps.argv], { from: 'user' });
    return 0;
  } catch (error) {
    // The parser has written the help, or what is wrong with the arguments.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    deps.err(`${messageOf(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}
