/** A YAML text as plain values, with the line of each option. */
import { LineCounter, parseDocument } from 'yaml';
import { ConfigError, type Path } from '../validate/faults.ts';

export interface YamlSource {
  value: unknown;
  /** Line and column of an option, or of the nearest one above it that is written. */
  placeOf(path: Path): { line: number; column: number };
}

/** Anchors may be used this often: enough for people, not for an alias bomb. */
const MAX_ALIASES = 50;

/** Parses the text. Throws `ConfigError` for syntax errors, repeated keys and anything that is no mapping. */
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
    throw new ConfigError([
      { file, line: 1, path: '', message: error instanceof Error ? error.message : String(error) },
    ]);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError([{ file, line: 1, path: '', message: 'expected options, one `name: value` per line' }]);
  }
  return {
    value,
    placeOf(path) {
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true);
        if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
          return position(Number(node.range[0]));
      }
      return { line: 1, column: 1 };
    },
  };
}
