/** Copies single options from one configuration to another. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../schema/schema.ts';

type Tree = Record<string, unknown>;
const treeAt = (config: Config, path: readonly string[]) =>
  path.reduce<Tree>((tree, name) => tree[name] as Tree, config as Tree);

/** Gives the target the value of an option of the source; false if it had it. */
export function copyOption(source: Config, target: Config, option: string): boolean {
  const path = option.split('.');
  const [from, to] = [treeAt(source, path.slice(0, -1)), treeAt(target, path.slice(0, -1))];
  const name = path.at(-1) ?? '';
  if (isDeepStrictEqual(from[name], to[name])) return false;
  if (from[name] === undefined) Reflect.deleteProperty(to, name);
  else to[name] = structuredClone(from[name]);
  return true;
}
