/** Environment variables that set options: `BFF_LISTEN_PORT=8080` overrides `listen.port` of the file. */
import { parse } from 'yaml';
import { REEXEC_VALUES, REEXEC_VARIABLE } from '../../tuning/process-settings.ts';
import { closestMatch } from '../messages/suggest.ts';
import { options, type StructuredOption, structuredOptions } from '../schema/options.ts';
import { isTree } from '../schema/page-routes.ts';
import { type Fault, formatPath } from '../validate/faults.ts';
import { parseText, withoutLineEnd } from './text-value.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Tree = Readonly<Record<string, unknown>>;

export interface EnvironmentResult {
  /** The input with the values of the variables. */
  input: unknown;
  /** The variable that set an option, by the dotted path of the option. */
  variables: ReadonlyMap<string, string>;
  faults: Fault[];
}

/** A variable that sets an option, and how its text becomes the value. */
interface Binding {
  option: StructuredOption;
  parse: (text: string) => unknown;
}

function withValue(tree: Tree, [first = '', ...rest]: readonly string[], value: unknown): Tree {
  if (rest.length === 0) return { ...tree, [first]: value };
  const child = tree[first];
  return { ...tree, [first]: withValue(isTree(child) ? child : {}, rest, value) };
}

/** The value of JSON or YAML; undefined for other text. */
function parseStructure(text: string): unknown {
  try {
    return parse(text, { uniqueKeys: true, stringKeys: true, maxAliasCount: 0 });
  } catch {
    // The message of the parser names lines of a file.
    return undefined;
  }
}

/** Every variable by its name; a secret has a second one, `..._FILE`. */
function bindings(): Map<string, Binding> {
  const byName = new Map<string, Binding>();
  for (const option of options()) {
    byName.set(option.variable, { option, parse: (text) => parseText(option, text) });
    if (option.kind === 'secret') byName.set(`${option.variable}_FILE`, { option, parse: (file) => ({ file }) });
  }
  for (const option of structuredOptions()) byName.set(option.variable, { option, parse: parseStructure });
  return byName;
}

const notStructured = ({ path }: StructuredOption, variable: string): Fault => ({
  path: formatPath(path),
  variable,
  message: 'this is neither JSON nor YAML',
  hint: 'write a list or mapping in one line, such as [{ id: k1, file: session-key }] for BFF_SECRETS_KEYS',
});

function unknownVariable(name: string, names: readonly string[]): Fault {
  const match = closestMatch(name, names);
  return {
    path: '',
    variable: name,
    message: 'unknown BFF_ variable: no matching option',
    ...(match === undefined ? {} : { hint: `did you mean ${match}?` }),
  };
}

/** Checks the one `BFF_` variable that is no option: it is read before the configuration. */
function reexecFaults(text: string): Fault[] {
  if (REEXEC_VALUES.includes(text)) return [];
  return [{ path: '', variable: REEXEC_VARIABLE, message: `expected ${REEXEC_VALUES.join(' or ')}` }];
}

/**
 * The input with the values of all `BFF_` variables. A variable that sets no option is a fault, unless the file refers to
 * it (`referenced`).
 */
export function applyEnvironment(input: unknown, env: Environment, referenced: ReadonlySet<string>): EnvironmentResult {
  const byName = bindings();
  const variables = new Map<string, string>();
  const faults: Fault[] = [];
  let result = input;
  for (const name of Object.keys(env).filter((key) => key.startsWith('BFF_'))) {
    const text = env[name] === undefined ? undefined : withoutLineEnd(env[name]);
    const binding = byName.get(name);
    if (text === undefined) continue;
    if (name === REEXEC_VARIABLE) {
      faults.push(...reexecFaults(text));
      continue;
    }
    if (!binding) {
      if (!referenced.has(name)) faults.push(unknownVariable(name, [...byName.keys()]));
    } else if (isTree(result) || result === undefined || result === null) {
      const value = binding.parse(text);
      if (value === undefined) faults.push(notStructured(binding.option, name));
      result = withValue(isTree(result) ? result : {}, binding.option.path, value);
      variables.set(formatPath(binding.option.path), name);
    }
  }
  return { input: result, variables, faults };
}
