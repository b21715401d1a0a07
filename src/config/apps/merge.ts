/** Merges the options of an app over those at the top of the file, and finds where an option of the result was written. */
import { isRecord } from '../../oidc/products/base/claims.ts';
import { FILE_OPTIONS, NOT_INHERITED } from '../schema/app-options.ts';
import { nodesAt, type SchemaNode } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';

export type Options = Readonly<Record<string, unknown>>;

const LEFT_OUT = new Set<string>([...NOT_INHERITED, ...FILE_OPTIONS]);

const originOf = (issuer: unknown) => (typeof issuer === 'string' ? URL.parse(issuer)?.origin : undefined);

/** A client secret goes to its provider only: an app with an issuer on another server writes the one that it has there. */
function inheritedProvider(own: unknown, inherited: unknown): unknown {
  if (!isRecord(own) || !isRecord(inherited)) return inherited;
  const origin = originOf(own.issuer);
  if (origin === undefined || origin === originOf(inherited.issuer)) return inherited;
  const { clientSecret: _secret, ...provider } = inherited;
  return provider;
}

/** What an app inherits: neither what belongs to one app only, nor the provider where it has providers, or the reverse. */
export function inheritedBy(own: Options, top: Options): Options {
  const hasProviders = own.provider !== undefined || own.providers !== undefined;
  const replaced = own.provider === undefined ? 'provider' : 'providers';
  const inherited = Object.entries(top).filter(([name]) => !LEFT_OUT.has(name) && !(hasProviders && name === replaced));
  return Object.fromEntries(
    inherited.map(([name, value]) => [name, name === 'provider' ? inheritedProvider(own.provider, value) : value]),
  );
}

/** Whether options are merged one by one. An object that is a choice, such as `{ file }` or `{ env }`, is replaced as a whole. */
const isGroup = (nodes: readonly SchemaNode[]) => nodes.length === 1 && nodes[0]?.anyOf === undefined;

/** The options of an app over those that it inherits. */
export function mergeOptions(inherited: Options, own: Options, node: SchemaNode): Options {
  const entries = Object.entries(own).flatMap(([name, value]): [string, unknown][] => {
    const below = inherited[name];
    if (value === undefined) return [];
    const nodes = nodesAt(node, [name]);
    const [group] = nodes;
    return group && isGroup(nodes) && isRecord(below) && isRecord(value)
      ? [[name, mergeOptions(below, value, group)]]
      : [[name, value]];
  });
  return Object.fromEntries([...Object.entries(inherited), ...entries]);
}

/** Whether the option at a path of the merged options is inherited; if not, the app has written it, or the group that lacks it. */
export function isInherited(path: Path, inherited: Options, own: Options, node: SchemaNode): boolean {
  const [name, ...rest] = path;
  if (typeof name !== 'string') return false;
  const [below, value] = [inherited[name], own[name]];
  if (value === undefined || below === undefined) return value === undefined && below !== undefined;
  const nodes = nodesAt(node, [name]);
  const [group] = nodes;
  return group && isGroup(nodes) && isRecord(below) && isRecord(value) ? isInherited(rest, below, value, group) : false;
}
