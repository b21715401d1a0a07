/** Form of log lines: JSON under the names of a scheme, or text for people. No control character of a request gets into a line. */
import { type FieldScheme, renameFields } from './field-names.ts';
import { createPrettyFormat, type FormatLine } from './pretty-format.ts';

export type { FormatLine } from './pretty-format.ts';

export interface LineFormatOptions {
  readonly format: 'auto' | 'json' | 'pretty';
  readonly fields: 'plain' | FieldScheme;
}

/** What the lines are written to. */
export interface LineReader {
  readonly isTerminal: boolean;
  readonly hasColors: boolean;
}

/**
 * Characters that JSON leaves as they are but a terminal or a viewer acts upon: DEL, the control characters C1, line
 * separators and bidirectional overrides. In a line of JSON they can only be inside a text.
 */
const UNSAFE = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

const escapeUnsafe: FormatLine = (line) => line.replace(UNSAFE, escaped);

/** Returns the form of the lines; `auto` is for people on a terminal and JSON elsewhere. */
export function createLineFormat({ format, fields }: LineFormatOptions, reader: LineReader): FormatLine {
  if (format === 'pretty' || (format === 'auto' && reader.isTerminal)) {
    const pretty = createPrettyFormat(reader.hasColors);
    return (line) => pretty(escapeUnsafe(line));
  }
  if (fields === 'plain') return escapeUnsafe;
  return (line) => `${escapeUnsafe(JSON.stringify(renameFields(JSON.parse(line), fields)))}\n`;
}
