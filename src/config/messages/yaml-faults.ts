/** The text of a fault for YAML that cannot be parsed: what is wrong with the line, and what to write. */
import { withoutCredentials } from '../fields/value-faults.ts';
import type { Fault } from '../validate/faults.ts';
import { isSecretPath, lineOf } from './value.ts';

/** An error of the YAML parser, as far as it decides on the text. */
export interface YamlError {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

type Text = Pick<Fault, 'message' | 'hint'>;
interface Described extends Text {
  /** Where the fault is, if that is not where the parser stopped. */
  readonly offset?: number;
}

/** Faults that do not cause errors further down. */
const INDEPENDENT = new Set(['DUPLICATE_KEY', 'TAB_AS_INDENT', 'BAD_SCALAR_START', 'BAD_DQ_ESCAPE', 'NON_STRING_KEY']);

/** The line at an offset. */
function lineAt(text: string, offset: number): { line: string; start: number } {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', start);
  return { line: text.slice(start, end < 0 ? text.length : end), start };
}

/** Far longer than the name of an option and the space after it. */
const MAX_BEFORE = 200;

/** The text at an offset, for a hint; dots if it is that of an option that holds a secret. */
function quotable(value: string, text: string, pos: number): string {
  const before = text.slice(Math.max(0, pos - MAX_BEFORE), pos);
  const name = /([A-Za-z]\w*)["']?\s*:[^:]*$/.exec(before)?.[1];
  return name !== undefined && isSecretPath([name]) ? '...' : withoutCredentials(value);
}

/** A reference without quotes inside brackets, where its own braces end the text before them. */
function unquotedReference(text: string, offset: number): Described | undefined {
  const { line, start } = lineAt(text, offset);
  const match = /[{[,][^"'#]*?(\$\{[^}\s]*\})/.exec(line);
  if (!match?.[1]) return undefined;
  const at = start + match.index + match[0].length - match[1].length;
  const reference = match[1].replace(/(?<=:-).*(?=\})/, (initial) => quotable(initial, text, at));
  return {
    message: `quote ${reference} inside { } or [ ]`,
    hint: `write "${reference}"`,
    offset: at,
  };
}

/** The first line with a quote that is not closed. */
function openQuote(text: string, quote: string): number | undefined {
  let offset = 0;
  for (const line of text.split('\n')) {
    const count = line.replaceAll(`\\${quote}`, '').split(quote).length - 1;
    if (count % 2 === 1) return offset + line.indexOf(quote);
    offset += line.length + 1;
  }
  return undefined;
}

/** A line that is not `option: value`. */
function keyText(line: string): Text {
  const trimmed = line.trim();
  if (trimmed.startsWith('//')) return { message: 'a comment does not start with //', hint: 'write # before it' };
  const [, name, value = ''] = /^(?:- )?([A-Za-z]\w*):(\S.*)$/.exec(trimmed) ?? [];
  if (name !== undefined)
    return { message: 'there is no space after the colon', hint: `write ${lineOf([name], value)}` };
  const [, option, assigned = ''] = /^(?:- )?([A-Za-z]\w*)\s*=\s*(.*)$/.exec(trimmed) ?? [];
  if (option !== undefined)
    return { message: 'an option is not set with =', hint: `write ${lineOf([option], assigned)}` };
  return {
    message: 'this line is not "option: value"',
    hint: 'write a colon and a space after the name of the option',
  };
}

const INDENT: Text = {
  message: 'the indentation differs from that of the lines above',
  hint: 'write the options of one group with the same number of spaces before them',
};

const OPEN_BRACKET: Text = {
  message: 'a bracket above this line is not closed',
  hint: 'write the missing ] or } at its end',
};

function missingText(message: string, line: string, text: string): Described {
  const quote = /closing (["'])/.exec(message)?.[1];
  if (quote !== undefined) {
    const offset = openQuote(text, quote);
    const found = { message: 'this quote is not closed', hint: `write ${quote} at the end of the text` };
    return offset === undefined ? found : { ...found, offset };
  }
  if (message.startsWith('Implicit map keys')) return keyText(line);
  if (message.startsWith('Sequence item')) return INDENT;
  return {
    message: 'a comma is missing between the entries',
    hint: 'write a comma after each entry, or quote the text',
  };
}

function scalarText(line: string, text: string, pos: number): Text {
  const character = text[pos] ?? '';
  const value = /^[^\s,}\]]+/.exec(text.slice(pos))?.[0] ?? line.trim();
  return {
    message: `a text cannot start with ${character}`,
    hint: `write '${quotable(value.replaceAll(character === '`' ? '`' : '', ''), text, pos)}' in quotes`,
  };
}

function keyAt(text: string, pos: number): string {
  return /^["']?([^"':\s]+)/.exec(text.slice(pos))?.[1] ?? 'this option';
}

/** The text for one error. */
function describe({ code, message, pos: [pos] }: YamlError, text: string): Described {
  const { line } = lineAt(text, pos);
  if (/\{\{.*\}\}/.test(line))
    return {
      message: 'the template {{ ... }} was not replaced',
      hint: 'render the file first, or write the text in quotes',
    };
  const reference = code === 'DUPLICATE_KEY' ? undefined : unquotedReference(text, pos);
  if (reference) return reference;
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'this line is indented with a tab', hint: 'write spaces' };
    case 'DUPLICATE_KEY':
      return { message: `${keyAt(text, pos)} is set twice`, hint: 'write it once, with all of its options' };
    case 'MULTILINE_IMPLICIT_KEY':
      return keyText(line);
    case 'MISSING_CHAR':
      return missingText(message, line, text);
    case 'BAD_INDENT':
      return message.startsWith('Flow') ? OPEN_BRACKET : INDENT;
    case 'BAD_SCALAR_START':
      return scalarText(line, text, pos);
    case 'BLOCK_AS_IMPLICIT_KEY':
      return { message: 'there are two colons in this line', hint: 'write the text after the first colon in quotes' };
    case 'BAD_DQ_ESCAPE':
      return {
        message: 'a backslash has a meaning of its own in double quotes',
        hint: "write the text in single quotes: '...'",
      };
    case 'MULTIPLE_DOCS':
      return {
        message: 'the file has several documents',
        hint: 'remove the line ---, and what does not belong to this file',
      };
    default:
      return {
        message: 'this is not valid YAML',
        hint: 'check the brackets, quotes and colons of this line, and its indentation',
      };
  }
}

/** The faults of a text, each with its offset: independent ones, and the first of those that others follow from. */
export function yamlFaults(errors: readonly YamlError[], text: string): (Text & { offset: number })[] {
  const first = errors.find(({ code }) => !INDEPENDENT.has(code));
  const kept = errors.filter((error) => error === first || INDEPENDENT.has(error.code));
  return kept.map((error) => ({ offset: error.pos[0], ...describe(error, text) }));
}

/** The fault of an alias: mostly a text that starts with a star, such as *.example.com. */
export function aliasFault(message: string, text: string): Text & { offset: number } {
  const name = /alias\): (.+)$/.exec(message)?.[1];
  if (name === undefined)
    return { offset: 0, message: 'there are too many aliases (*name)', hint: 'write the values themselves' };
  const offset = Math.max(0, text.indexOf(`*${name}`));
  return {
    offset,
    message: 'a text cannot start with *',
    hint: `write "${quotable(`*${name}`, text, offset)}" in quotes`,
  };
}
