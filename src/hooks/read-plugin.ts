/** Checks the hooks of a plugin, so that a misspelled one is an error at the start instead of a hook that never runs. */
import { HOOK_NAMES, type Hooks, type Plugin } from './hooks.ts';

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Returns the most similar of the names; undefined if none is similar. */
export type Closest = (name: string, names: readonly string[]) => string | undefined;

function unknownHook(name: string, closest: Closest): string {
  const match = closest(name, HOOK_NAMES);
  return `unknown hook ${name}; ${match === undefined ? `the hooks are ${HOOK_NAMES.join(', ')}` : `did you mean ${match}?`}`;
}

/** Whether a value is named like a hook, such as `onLogn`. */
const isNamedLikeHook = (name: string) => /^on[A-Z_]/i.test(name);

/** Returns the plugin; throws an error that says what is wrong with it. `fallbackName` is its name if it has none. */
export function readPlugin(value: unknown, fallbackName: string, closest: Closest): Plugin {
  if (!isObject(value)) throw new Error('expected an object of hooks');
  const { name = fallbackName } = value;
  if (typeof name !== 'string' || !/^[\w.@/-]{1,64}$/.test(name))
    throw new Error('name: expected 1 to 64 letters, digits, hyphens, dots or slashes');
  const known: readonly string[] = HOOK_NAMES;
  for (const member of membersOf(value)) {
    if (known.includes(member)) {
      if (value[member] !== undefined && typeof value[member] !== 'function')
        throw new Error(`${member}: expected a function`);
    } else if (isNamedLikeHook(member)) throw new Error(unknownHook(member, closest));
  }
  if (hooksOf(value).length === 0) throw new Error(`it has no hook; the hooks are ${HOOK_NAMES.join(', ')}`);
  return { name, hooks: value };
}

/** The names of all members, those of a class too. */
function membersOf(value: object): string[] {
  const names = new Set<string>();
  for (let at: unknown = value; isObject(at) && at !== Object.prototype; at = Object.getPrototypeOf(at))
    for (const name of Object.getOwnPropertyNames(at)) names.add(name);
  return [...names];
}

/** The names of the hooks that are there. */
export const hooksOf = (hooks: Hooks): string[] => HOOK_NAMES.filter((name) => hooks[name] !== undefined);

/** Names of plugins are labels of metrics: those that have the same one are numbered. */
export function withDistinctNames(plugins: readonly Plugin[]): Plugin[] {
  const used = new Set<string>();
  return plugins.map(({ name, hooks }) => {
    let distinct = name;
    for (let number = 2; used.has(distinct); number += 1) distinct = `${name}-${number}`;
    used.add(distinct);
    return { name: distinct, hooks };
  });
}

/** Returns the plugins of an application, one or several; throws an error that says which one is faulty. */
export function readHooks(hooks: Hooks | readonly Hooks[] | undefined, closest: Closest): Plugin[] {
  const list: readonly unknown[] = hooks === undefined ? [] : Array.isArray(hooks) ? hooks : [hooks];
  const plugins = list.map((value, index) => {
    try {
      return readPlugin(value, list.length === 1 ? 'hooks' : `hooks-${index + 1}`, closest);
    } catch (error) {
      throw new Error(
        `hooks${Array.isArray(hooks) ? `[${index}]` : ''}: ${error instanceof Error ? error.message : error}`,
      );
    }
  });
  return withDistinctNames(plugins);
}
