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
  return variable ?? [file, line, column].filter((part) => part !== undefined).join(':');
}

/** A fault as one line: where it is, the option, what is wrong, and what to write. */
export function formatFault(fault: Fault): string {
  const text = fault.hint === undefined ? fault.message : `${fault.message}; ${fault.hint}`;
  return [formatLocation(fault), fault.path, text]
    .filter((part) => part !== '')
    .join(': ')
    .replaceAll(/\s*\n\s*/g, ' ');
}

/** The number of faults as text: `1 fault`, `2 faults`. */
export const countFaults = ({ length }: readonly unknown[]) => (length === 1 ? '1 fault' : `${length} faults`);

/** Faults in the order of the lines of each file; those without a file come last. */
function inOrder(faults: readonly Fault[]): Fault[] {
  const files = [...new Set(faults.map(({ file }) => file))].filter((file) => file !== undefined);
  const rank = ({ file }: Fault) => (file === undefined ? files.length : files.indexOf(file));
  return [...faults].sort((a, b) => rank(a) - rank(b) || (a.line ?? 0) - (b.line ?? 0));
}

/** Thrown for an invalid configuration; carries every fault, in the order of the file. The message has a line for each, and their number. */
export class ConfigError extends Error {
  readonly faults: readonly Fault[];

  constructor(found: readonly Fault[]) {
    const faults = inOrder(found);
    super([...faults.map(formatFault), countFaults(faults)].join('\n'));
    this.name = 'ConfigError';
    this.faults = faults;
  }
}
