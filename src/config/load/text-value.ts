/** Turns the text of an environment variable into the value of an option. */
import { jsonSchema, kindOf, nodesAt, type Option, type SchemaNode } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';

const parseNumber = (text: string) => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text);
const parseBoolean = (text: string) => (text === 'true' ? true : text === 'false' ? false : text);
/** The text without the line break with which editors and `echo` end it, in a file as in a variable. */
export const withoutLineEnd = (text: string) => text.replace(/\r?\n$/, '');

const parseList = (text: string) => text.split(',').map((part) => part.trim());

/**
 * The value of an option that is one text; text that does not fit its type is left to the schema to refuse. Space around a
 * number or a name is never meant, but it may belong to free text or a secret.
 */
export function parseText({ kind, node }: Pick<Option, 'kind' | 'node'>, text: string): unknown {
  const trimmed = text.trim();
  switch (kind) {
    case 'number':
      return parseNumber(trimmed);
    case 'boolean':
      return parseBoolean(trimmed);
    case 'scalar': {
      const value = parseNumber(trimmed);
      const typed = typeof value === 'number' ? value : parseBoolean(trimmed);
      return typed === trimmed && takesText(node) ? text : typed;
    }
    case 'list':
      return parseList(text);
    case 'string':
      return takesText(node) ? text : trimmed;
    default:
      return text;
  }
}

/** Whether any text is a value of the option, so that `5` may be meant as text. */
const takesText = ({ type, const: literal, enum: values, anyOf = [] }: SchemaNode): boolean =>
  (type === 'string' && literal === undefined && values === undefined) || anyOf.some(takesText);

/**
 * Creates the function that gives a text of the file, after its references were replaced, the type that its option takes:
 * `port: ${PORT:-3000}` is a number. An option that takes text keeps it, except for a literal such as `false`.
 */
export function createTextTyper(): (text: string, path: Path) => unknown {
  let schema: SchemaNode | undefined;
  return function typedText(text, path) {
    schema ??= jsonSchema();
    for (const node of nodesAt(schema, path)) {
      const literal = node.anyOf?.find(({ const: value }) => value !== undefined && String(value) === text.trim());
      if (literal) return literal.const;
      const kind = takesText(node) ? undefined : kindOf(node);
      if (kind !== undefined) return parseText({ kind, node }, text);
    }
    return text;
  };
}
