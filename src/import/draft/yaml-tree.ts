/** Parses YAML to values with line numbers. */
import { type Document, isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ImportError } from './draft.ts';

export interface Item {
  readonly line: number;
  /** The value of a key; undefined when it is missing or null. */
  get(name: string): Item | undefined;
  /** Keys and values of a mapping, including null values. */
  entries(): readonly (readonly [string, Item])[];
  /** The elements of a list; any other value counts as a list of one. */
  items(): readonly Item[];
  /** A scalar as text, including numbers and booleans. */
  text(): string | undefined;
  /** The value of a scalar, including null; undefined for lists and mappings. */
  scalar(): string | number | boolean | null | undefined;
}

interface Source {
  readonly document: Document;
  readonly lines: LineCounter;
}

/** Parses a text. Throws `ImportError` with the line of the first error. */
export function parseYaml(text: string): Item {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
  const [error] = document.errors;
  if (error) throw new ImportError(`line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`);
  return toItem(document.contents, 1, { document, lines });
}

const lineOf = (node: unknown, fallback: number, { lines }: Source) =>
  isNode(node) && node.range ? lines.linePos(node.range[0]).line : fallback;

function scalarValue(node: unknown): ReturnType<Item['scalar']> {
  if (!isScalar(node)) return undefined;
  const { value } = node;
  if (value === null) return null;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
}

/** `parentLine` is used for a node without a position, such as a missing value. */
function toItem(node: unknown, parentLine: number, source: Source): Item {
  const resolved = isAlias(node) ? node.resolve(source.document) : node;
  const line = lineOf(node, parentLine, source);
  const entries = (): [string, Item][] =>
    isMap(resolved)
      ? resolved.items.map(({ key, value }) => [
          String(isScalar(key) ? key.value : key),
          toItem(value, lineOf(key, line, source), source),
        ])
      : [];
  return {
    line,
    entries,
    get(name) {
      const found = entries().find(([key]) => key === name)?.[1];
      return found === undefined || found.scalar() === null ? undefined : found;
    },
    items() {
      if (isSeq(resolved)) return resolved.items.map((element) => toItem(element, line, source));
      return isScalar(resolved) && resolved.value === null ? [] : [toItem(node, line, source)];
    },
    text() {
      const value = this.scalar();
      return value === undefined || value === null ? undefined : String(value);
    },
    scalar: () => (node === undefined || node === null ? null : scalarValue(resolved)),
  };
}

/** The scalars of a list as texts. */
export const textList = (item: Item | undefined): string[] =>
  item?.items().flatMap((inner) => inner.text() ?? []) ?? [];
