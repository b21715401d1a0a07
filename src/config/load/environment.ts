/** Environment variables that set options: `BFF_LISTEN_PORT=8080` wins over `listen.port` in the file. */

import { type Option, options } from '../schema/options.ts';
import { type Fault, formatPath } from '../validate/faults.ts';
import { nearest } from './suggest.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Tree = Record<string, unknown>;

export interface Overridden {
  input: unknown;
  /** Which variable set an option, by its dotted path. */
  variables: ReadonlyMap<string, string>;
  faults: Fault[];
}

const isTree = (value: unknown): value is Tree => typeof value === 'object' && value !== null && !Array.isArray(value);

function parseValue({ kind }: Option, text: string): unknown {
  if (kind === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (kind === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return kind === 'list' ? text.split(',').map((part) => part.trim()) : text;
}

function withValue(tree: Tree, [first = '', ...rest]: readonly string[], value: unknown): Tree {
  if (rest.length === 0) return { ...tree, [first]: value };
  const inner = tree[first];
  return { ...tree, [first]: withValue(isTree(inner) ? inner : {}, rest, value) };
}

/** Puts the values of all `BFF_` variables into the input. `used` are the names that the file itself refers to. */
export function applyEnvironment(input: unknown, env: Environment, used: ReadonlySet<string>): Overridden {
  const known = options();
  const byName = new Map<string, { option: Option; read: (text: string) => unknown }>();
  for (const option of known) {
    byName.set(option.variable, { option, read: (text) => parseValue(option, text) });
    if (option.kind === 'secret') byName.set(`${option.variable}_FILE`, { option, read: (file) => ({ file }) });
  }
  const variables = new Map<string, string>();
  const faults: Fault[] = [];
  let result = input;
  for (const name of Object.keys(env).filter((key) => key.startsWith('BFF_'))) {
    const text = env[name];
    const target = byName.get(name);
    if (text === undefined || (!target && used.has(name))) continue;
    if (target && (isTree(result) || result === undefined || result === null)) {
      result = withValue(isTree(result) ? result : {}, target.option.path, target.read(text));
      variables.set(formatPath(target.option.path), name);
    } else if (!target) {
      const best = nearest(name, [...byName.keys()]);
      faults.push({
        path: '',
        variable: name,
        message: 'this variable sets no option',
        ...(best === undefined ? {} : { hint: `did you mean ${best}?` }),
      });
    }
  }
  return { input: result, variables, faults };
}
