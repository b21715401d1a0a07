/** What is wrong with a configuration: each fault with its place, a message and a hint, and the error that carries them. */

import type { Path } from '../fields/finding.ts';

export type { Finding, Path } from '../fields/finding.ts';

/** Where the text of an option came from. */
export interface Place {
  /** The configuration file; left out for an object that never was a file. */
  file?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
  /** The environment variable that set the option. */
  variable?: string | undefined;
}

export interface Fault extends Place {
  /** Dotted path of the option, such as `routes[0].rules[1].scopes`; empty for the file as a whole. */
  path: string;
  message: string;
  hint?: string | undefined;
}

/** Dotted path of an option as messages show it. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function formatPlace({ file, line, column, variable }: Place): string {
  if (variable !== undefined) return `environment variable ${variable}`;
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** One fault as one or two lines of text. */
export function formatFault(fault: Fault): string {
  const head = [formatPlace(fault), fault.path].filter((part) => part !== '').join(' ');
  const line = head === '' ? fault.message : `${head}: ${fault.message}`;
  return fault.hint === undefined ? line : `${line}\n    ${fault.hint}`;
}

/** Thrown when a configuration cannot be used; carries every fault that was found, in the order of the file. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super([`The configuration has ${count}:`, ...faults.map((fault) => `  ${formatFault(fault)}`)].join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
