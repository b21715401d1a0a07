/** Every option by its path, read off the schema: what environment variables, hints and documentation build on. */
import { z } from 'zod';
import { configSchema } from './schema.ts';

/** The parts of a JSON Schema that are looked at here. */
export interface SchemaNode {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  properties?: Record<string, SchemaNode>;
  items?: SchemaNode;
  anyOf?: SchemaNode[];
}

export interface Option {
  path: string[];
  /** `list` is a list of strings; `secret` may also be named as `{ file }` or `{ env }`. */
  kind: 'string' | 'number' | 'boolean' | 'list' | 'secret';
  /** The environment variable that sets it. */
  variable: string;
  node: SchemaNode;
}

/** The JSON Schema of the configuration as it is written: for editors, and for everything derived from it. */
export function jsonSchema(): SchemaNode {
  return z.toJSONSchema(
    configSchema(() => ''),
    { io: 'input' },
  ) as SchemaNode;
}

/** `provider.clientId` is `BFF_PROVIDER_CLIENT_ID`. */
export function variableName(path: readonly string[]): string {
  return ['bff', ...path].map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_');
}

function isSecret({ anyOf }: SchemaNode): boolean {
  const texts = JSON.stringify(
    anyOf?.map((branch) => branch.anyOf?.map(({ properties }) => Object.keys(properties ?? {})) ?? branch.type) ?? [],
  );
  return texts.includes('string') && texts.includes('file') && texts.includes('env');
}

function kindOf(node: SchemaNode): Option['kind'] | undefined {
  if (isSecret(node)) return 'secret';
  if (node.type === 'array') return node.items?.type === 'string' || node.items?.enum ? 'list' : undefined;
  if (node.type === 'integer' || node.type === 'number') return 'number';
  if (node.type === 'string' || node.type === 'boolean') return node.type;
  return node.anyOf?.some(({ type }) => type === 'string') ? 'string' : undefined;
}

function collect(node: SchemaNode, path: string[]): Option[] {
  const kind = path.length === 0 ? undefined : kindOf(node);
  if (kind !== undefined) return [{ path, kind, variable: variableName(path), node }];
  return [node, ...(node.anyOf ?? [])].flatMap(({ properties }) =>
    Object.entries(properties ?? {}).flatMap(([name, child]) => collect(child, [...path, name])),
  );
}

/** All options that one value sets; lists of objects (routes, keys) are not among them. */
export function options(): Option[] {
  return collect(jsonSchema(), []);
}
