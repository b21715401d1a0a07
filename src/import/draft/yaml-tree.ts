/** A YAML document as values that know their line. */
import { isAlias, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { ImportError } from './draft.ts';

export interface Item {
  readonly line: number;
  /** The value of a name; undefined when it is missing or null. */
  get(name: string): Item | undefined;
  /** Names of a mapping, with their values, null included. */
  entries(): readonly (readonly [string, Item])[];
  /** The elements of a list; a single value counts as a list of one. */
  items(): readonly Item[];
  /** Text of a scalar, numbers and booleans included. */
  text(): string | undefined;
  /** Plain value of a scalar; null for null, undefined for anything else. */
  scalar(): string | number | boolean | null | undefined;
}

/** Parses a text. Throws `ImportFault` with the line of the first mistake. */
export function parseYaml(text: string): Item {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
  const [error] = document.errors;
  if (error) throw new ImportError(`line ${lines.linePos(error.pos[0]).line}: ${error.message.split('\n')[0]}`);

  function item(node: unknown, line: number): Item {
    const real = isAlias(node) ? node.resolve(document) : node;
    const at = isNode(node) && node.range ? lines.linePos(node.range[0]).line : line;
    const entries = (): [string, Item][] =>
      isMap(real)
        ? real.items.map(({ key, value }) => [String(isScalar(key) ? key.value : key), item(value, lineOf(key, at))])
        : [];
    return {
      line: at,
      entries,
      get(name) {
        const found = entries().find(([key]) => key === name)?.[1];
        return found === undefined || found.scalar() === null ? undefined : found;
      },
      items: () =>
        isSeq(real)
          ? real.items.map((inner) => item(inner, at))
          : isScalar(real) && real.value === null
            ? []
            : [item(node, at)],
      text() {
        const value = this.scalar();
        return value === undefined || value === null ? undefined : String(value);
      },
      scalar() {
        if (node === undefined || node === null) return null;
        if (!isScalar(real)) return undefined;
        const { value } = real;
        if (value === null) return null;
        return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : undefined;
      },
    };
  }
  const lineOf = (node: unknown, line: number) =>
    isNode(node) && node.range ? lines.linePos(node.range[0]).line : line;
  return item(document.contents, 1);
}

/** The texts of a list. */
export const textList = (item: Item | undefined): string[] =>
  item?.items().flatMap((inner) => inner.text() ?? []) ?? [];
