/** Faults of a configuration with location, message and hint, and the error that carries them. */
import type { Path } from '../fields/finding.ts';

export type { Finding, Path } from '../fields/finding.ts';

/** The source of the text of an option. */
export interface Location {
  /** The configuration file; undefined for a configuration object. */
  file?: string | undefined;
  line?: number | undefined;
  column?: number | undefined;
  /** The environment variable that set the option. */
  variable?: string | undefined;
}

export interface Fault extends Location {
  /** Dotted path of the option, such as `routes[0].rules[1].scopes`; empty for the file as a whole. */
  path: string;
  message: string;
  hint?: string | undefined;
}

/** Dotted path of an option for messages, such as `routes[0].rules[1].scopes`. */
export function formatPath(path: Path): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function formatLocation({ file, line, column, variable }: Location): string {
  if (variable !== undefined) return `environment variable ${variable}`;
  return [file, line, column].filter((part) => part !== undefined).join(':');
}

/** A fault as text: one line, and a second one for the hint. */
export function formatFault(fault: Fault): string {
  const prefix = [formatLocation(fault), fault.path].filter((part) => part !== '').join(' ');
  const line = prefix === '' ? fault.message : `${prefix}: ${fault.message}`;
  return fault.hint === undefined ? line : `${line}\n    ${fault.hint}`;
}

/** Thrown for an invalid configuration; carries every fault, in the order of the file. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super([`The configuration has ${count}:`, ...faults.map((fault) => `  ${formatFault(fault)}`)].join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
