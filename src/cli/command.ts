/** What a command of the command line is: its row in the table, and what it receives. */
import type { Loaded } from '../config/load/load.ts';

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
  /** Whether standard output is a terminal; false by default. */
  isTerminal?: boolean;
  /** Sends requests to a running gateway. */
  fetch: typeof fetch;
  /** Starts the gateway; resolves when it listens. `reload` loads the same file again, and leaves out apps with faulty files of their own. */
  start: (loaded: Loaded, reload: () => Loaded) => Promise<void>;
}

/** Values of the options of one invocation, by their names. */
export type Options = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

export interface Invocation {
  /** Positional arguments after the name of the command. */
  args: readonly string[];
  options: Options;
}

/** An argument or option, as the help prints it. */
export interface Parameter {
  /** `<NAME>` of an argument, or the flags of an option. */
  name: string;
  summary: string;
  /** The option can be given several times. */
  repeatable?: boolean;
}

/** Commands import their modules on demand: a gateway that serves requests does not need the importers in memory. */
export interface Command {
  /** One word, or a group and a word. */
  name: string;
  summary: string;
  /** Paragraphs that the help of the command adds. */
  details?: string;
  args?: readonly Parameter[];
  options?: readonly Parameter[];
  /** Whether the command reads the configuration of a gateway. */
  needsConfig?: boolean;
  run(deps: CliDeps, invocation: Invocation): void | Promise<void>;
}

/** Wrong usage: exit code 2. */
export class UsageError extends Error {}

/** The text of an option; undefined if it is not given. */
export function textOf({ options }: Invocation, name: string): string | undefined {
  const value = options[name];
  return typeof value === 'string' ? value : undefined;
}

/** The texts of an option that can be given several times. */
export function textsOf({ options }: Invocation, name: string): readonly string[] {
  const value = options[name];
  return typeof value === 'object' ? value : [];
}
