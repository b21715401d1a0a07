/** YAML parser: the plain value of a file, and the position of each option for messages. */
import { type Document, isMap, isScalar, LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { aliasFault, yamlFaults } from '../messages/yaml-faults.ts';
import { ConfigError, type Path } from '../validate/faults.ts';

interface Position {
  line: number;
  column: number;
}

export interface YamlSource {
  value: unknown;
  /** Position of an option; of its nearest written ancestor when the option itself is not written. */
  positionOf(path: Path): Position;
}

/** Maximum number of alias expansions, against alias bombs. */
const MAX_ALIASES = 50;

const startOf = (node: unknown): number | undefined =>
  typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;

/** The offsets of an option: of its name, and of its value. */
function offsetsOf(document: Document, path: Path): { name: number | undefined; value: number | undefined } {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const name = path.at(-1);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && String(key.value) === String(name))
    : undefined;
  return { name: startOf(pair?.key), value: startOf(document.getIn(path, true)) };
}

/** What the file holds, if it does not hold options. */
const notOptions = (value: unknown) =>
  `the file holds ${Array.isArray(value) ? 'a list' : 'a text'} in place of options`;

const CIRCULAR = {
  message: 'an alias (*name) stands inside of what it names (&name)',
  hint: 'write the values themselves',
};

/** Whether a value contains itself; `above` are those that contain it. */
const isCircular = (value: unknown, above: readonly object[] = []): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (above.includes(value) || Object.values(value).some((child) => isCircular(child, [...above, value])));

/** Throws `ConfigError` for syntax errors, repeated keys and a document that is not a mapping. */
export function parseYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  const refuse = (faults: ReturnType<typeof yamlFaults>) =>
    new ConfigError(faults.map(({ offset, ...fault }) => ({ file, ...position(offset), path: '', ...fault })));
  if (document.errors.length > 0) throw refuse(yamlFaults(document.errors, text));
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
    if (isCircular(value)) throw refuse([{ offset: 0, ...CIRCULAR }]);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw refuse([aliasFault(messageOf(error), text)]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse([{ offset: 0, message: notOptions(value), hint: 'write one "option: value" per line' }]);
  return {
    value,
    positionOf(path) {
      for (let length = path.length; length > 0; length--) {
        const offsets = offsetsOf(document, path.slice(0, length));
        const name = offsets.name === undefined ? undefined : position(offsets.name);
        const at = offsets.value === undefined ? undefined : position(offsets.value);
        // The options of a group stand below its name.
        const found = at !== undefined && at.line === (name ?? at).line ? at : name;
        if (found) return found;
      }
      return { line: 1, column: 1 };
    },
  };
}
