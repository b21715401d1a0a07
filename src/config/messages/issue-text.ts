/** The text of a fault for every issue that the validator reports: what is wrong, and what to write. */
import type { z } from 'zod';
import { shown } from '../fields/value-faults.ts';
import type { SchemaNode } from '../schema/options.ts';
import type { Finding, Path } from '../validate/faults.ts';
import { optionExample } from './examples.ts';
import { closestMatch } from './suggest.ts';
import { isScalar, isSecretPath, lineOf, nameOf, unspaced } from './value.ts';

export type Issue = z.core.$ZodIssue;
type Text = Omit<Finding, 'path'>;
type InvalidType = Extract<Issue, { code: 'invalid_type' }>;
type Size = Extract<Issue, { code: 'too_big' | 'too_small' }>;

/** The text of an issue to which the schema gives no text of its own; the validator's text is never shown. */
export const UNWRITTEN = '';

/** Options for the parser: issues carry the value, and a text only if the schema has one. */
export const PARSING = { reportInput: true, error: () => UNWRITTEN } as const;

/** The schemas of the option, for examples. */
type Nodes = readonly SchemaNode[];

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'options',
  record: 'options',
};

/** What an option takes, for a list of alternatives; undefined if the schema says it in its own words. */
export function expectedBy(issue: Issue): string | undefined {
  if (issue.message !== UNWRITTEN) return undefined;
  if (issue.code === 'invalid_type') return TYPE_NAMES[issue.expected];
  return issue.code === 'invalid_value' ? issue.values.map(String).join(', ') : undefined;
}

/** Longest list that is proposed for a text. */
const MAX_ENTRIES = 10;

const TRUE = new Set(['true', 'yes', 'on', '1', 'y', 'enabled']);
const FALSE = new Set(['false', 'no', 'off', '0', 'n', 'disabled']);

function booleanText(value: unknown, name: string): Text {
  const word = isScalar(value) ? String(value).trim().toLowerCase() : '';
  const meant = TRUE.has(word) ? 'true' : FALSE.has(word) ? 'false' : undefined;
  const message = `${name} is neither true nor false`;
  return { message, hint: meant === undefined ? 'write true or false' : `write ${meant}, without quotes` };
}

function numberText(value: unknown, name: string, example: string): Text {
  const text = typeof value === 'string' ? value.trim() : '';
  if (value === '') return { message: 'is empty', hint: `write a number such as ${example}` };
  if (/^-?\d+(\.\d+)?$/.test(text)) return { message: `${name} is text`, hint: `write ${text} without quotes` };
  return { message: `${name} is not a number`, hint: `write a number such as ${example}` };
}

function textText(value: unknown, name: string, path: Path): Text {
  if (typeof value !== 'number' && typeof value !== 'boolean')
    return { message: `${name} is not text`, hint: 'write one text after the colon' };
  return isSecretPath(path)
    ? { message: `is a ${typeof value}, not text`, hint: 'write it in quotes' }
    : { message: `${name} is a ${typeof value}`, hint: `write "${value}" in quotes` };
}

function listText(value: unknown, name: string, path: Path, example: string): Text {
  const message = `${name} is not a list`;
  if (!isScalar(value)) return { message, hint: 'write a hyphen before each entry: "- name: value"' };
  if (isSecretPath(path)) return { message, hint: `write ${example}` };
  const entries = typeof value === 'string' ? value.split(/[\s,]+/).filter((entry) => entry !== '') : [];
  const shownEntries = entries.length > 0 && entries.length <= MAX_ENTRIES ? entries.map(shown).join(', ') : name;
  return { message, hint: `write [${shownEntries}]` };
}

/** The text for an option and its value without a space between them. */
export const unspacedText = (path: Path, value: string): Text => ({
  message: 'there is no space after the colon',
  hint: `write ${lineOf(path, value)}`,
});

function groupText(value: unknown, name: string, path: Path, example: string): Text {
  const written = typeof value === 'string' ? unspaced(value) : undefined;
  if (written) return unspacedText([...path, written.option], written.value);
  return Array.isArray(value)
    ? { message: 'a list is not a group of options', hint: `remove the hyphen, and write ${example}` }
    : { message: `${name} is not a group of options`, hint: `write ${example}` };
}

const isGroup = (expected: string) => expected === 'object' || expected === 'record';

/** An option that is missing, empty or of another type. */
function typeText({ expected, input }: InvalidType, path: Path, nodes: Nodes): Text {
  const example = optionExample(path, nodes);
  if (input === undefined) return { message: 'is required', hint: `write ${example.line}` };
  if (input === null)
    return {
      message: 'has no value',
      hint: `write ${isGroup(expected) ? 'its options below it' : example.line}, or remove this line`,
    };
  const name = nameOf(input, path);
  switch (expected) {
    case 'boolean':
      return booleanText(input, name);
    case 'number':
      return numberText(input, name, example.value);
    case 'int':
      return { message: `${name} is not a whole number`, hint: `write a number such as ${example.value}` };
    case 'string':
      return textText(input, name, path);
    case 'array':
      return listText(input, name, path, example.line);
    default:
      return groupText(input, name, path, example.value);
  }
}

/** An option with too much or too little: a number, a text or a list. */
function sizeText(issue: Size, path: Path): Text {
  const isAbove = issue.code === 'too_big';
  const limit = isAbove ? issue.maximum : issue.minimum;
  const bound = `${isAbove ? 'at most' : 'at least'} ${limit}`;
  const value = issue.input;
  if (issue.origin === 'string' || issue.origin === 'array') {
    const unit = issue.origin === 'string' ? 'characters' : 'entries';
    if (!isAbove && Number(limit) === 1)
      return issue.origin === 'string'
        ? { message: 'is empty', hint: 'write a text, or remove this line' }
        : { message: 'is an empty list', hint: 'write at least one entry, or remove this line' };
    return { message: `has ${isAbove ? 'more' : 'fewer'} than ${limit} ${unit}`, hint: `write ${bound} ${unit}` };
  }
  return { message: `${nameOf(value, path)} is too ${isAbove ? 'large' : 'small'}`, hint: `write ${bound}` };
}

/** The name that a text begins with, such as `warn` for `warning`, or the most similar one. */
const similarName = (text: string, names: readonly string[]) =>
  names.find((name) => name.length > 2 && text.toLowerCase().startsWith(name)) ?? closestMatch(text, names);

/** A value that is none of those that an option has. */
function choiceText(value: unknown, values: readonly unknown[], path: Path): Text {
  const names = values.map(String);
  const match = typeof value === 'string' ? similarName(value, names) : undefined;
  const message = value === undefined ? 'is required' : `${nameOf(value, path)} is not a value of this option`;
  const list = names.length === 1 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
  return { message, hint: match === undefined ? `write ${list}` : `did you mean ${match}? Write ${list}` };
}

/** A text of the schema; `expected ...` says what to write, but not what is there. */
function ownText(text: string, value: unknown, path: Path): Text {
  if (!text.startsWith('expected ')) return { message: text };
  const wanted = `write ${text.slice('expected '.length)}`;
  if (value === undefined) return { message: `is required; ${wanted}` };
  return { message: isScalar(value) ? `${nameOf(value, path)} cannot be used; ${wanted}` : wanted };
}

/** The text for a value that fits none of the alternatives of an option. */
export const alternativesText = (value: unknown, alternatives: readonly string[], path: Path): Text => ({
  message: `${nameOf(value, path)} cannot be used`,
  hint: `write ${alternatives.join(' or ')}`,
});

/** The text of an issue that is neither about an unknown option nor about a union. */
export function textOf(issue: Issue, path: Path, nodes: Nodes): Text {
  if (issue.message !== UNWRITTEN) return ownText(issue.message, issue.input, path);
  switch (issue.code) {
    case 'invalid_type':
      return typeText(issue, path, nodes);
    case 'too_big':
    case 'too_small':
      return sizeText(issue, path);
    case 'invalid_value':
      return choiceText(issue.input, issue.values, path);
    case 'invalid_key': {
      const [inner] = issue.issues;
      return inner ? textOf(inner, path, nodes) : { message: 'this name cannot be used' };
    }
    default:
      return {
        message: `${nameOf(issue.input, path)} cannot be used`,
        hint: `write ${optionExample(path, nodes).line}`,
      };
  }
}
