/** YAML parser: the plain value of a file, and the position of each option for messages. */
import { LineCounter, parseDocument } from 'yaml';
import { messageOf } from '../../base/errors.ts';
import { ConfigError, type Path } from '../validate/faults.ts';

export interface YamlSource {
  value: unknown;
  /** Position of an option; of its nearest written ancestor when the option itself is not written. */
  positionOf(path: Path): { line: number; column: number };
}

/** Maximum number of alias expansions, against alias bombs. */
const MAX_ALIASES = 50;

/** Throws `ConfigError` for syntax errors, repeated keys and a document that is not a mapping. */
export function parseYaml(file: string, text: string): YamlSource {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true, stringKeys: true });
  const position = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  if (document.errors.length > 0) {
    throw new ConfigError(
      document.errors.map(({ pos, message }) => ({
        file,
        ...position(pos[0]),
        path: '',
        message: message.split('\n')[0]?.replace(/ at line .*$/, '') ?? message,
      })),
    );
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: MAX_ALIASES }) ?? {};
  } catch (error) {
    throw new ConfigError([{ file, line: 1, path: '', message: messageOf(error) }]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError([{ file, line: 1, path: '', message: 'expected a mapping: one `option: value` per line' }]);
  }
  return {
    value,
    positionOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
          return position(Number(node.range[0]));
      }
      return { line: 1, column: 1 };
    },
  };
}
