/** List of all options, derived from the schema: the basis of environment variables, hints and documentation. */
import { z } from 'zod';
import { EXAMPLES } from '../sections/examples.ts';
import { withAppLists } from './app-schema.ts';
import { configSchema } from './schema.ts';
import { optionNodes, type SchemaNode } from './schema-node.ts';

export { nodesAt, type OptionNode, optionNodes, type SchemaNode } from './schema-node.ts';

export interface Option {
  path: string[];
  /** `scalar` is text, a number or a boolean; `list` is a list of strings, or of strings and objects; `secret` is text, `{ file }` or `{ env }`. */
  kind: 'string' | 'number' | 'boolean' | 'scalar' | 'list' | 'secret';
  /** The environment variable that sets it. */
  variable: string;
  node: SchemaNode;
}

/** Lists of objects and records: their variables hold JSON or YAML, except for the lists of apps. */
const WITHOUT_VARIABLE = [
  'listen.tls.certificates',
  'secrets.keys',
  'provider.authorizationParams',
  'providers',
  'session.store.redis.sentinels',
  'session.store.redis.cluster',
  'accessTokens.issuers',
  'pages.messages',
  'routes',
  'apps',
  'appsFrom',
] as const;

/** Only the file has them. */
const FILE_ONLY: readonly string[] = ['apps', 'appsFrom'];

let cached: SchemaNode | undefined;

/** Adds the examples to the options that have one. */
function withExamples(schema: SchemaNode): SchemaNode {
  for (const { path, node } of optionNodes(schema)) {
    const example = EXAMPLES[path.replace(/^providers\[\]/, 'provider')];
    if (example !== undefined) node.examples = [example];
  }
  return schema;
}

/** JSON Schema of the configuration file, for editors and for everything derived from it. */
export function jsonSchema(): SchemaNode {
  cached ??= withExamples(
    withAppLists(
      z.toJSONSchema(
        configSchema(() => ''),
        { io: 'input' },
      ) as SchemaNode,
    ),
  );
  return cached;
}

/** `provider.clientId` is `BFF_PROVIDER_CLIENT_ID`. */
export function variableName(path: readonly string[]): string {
  return ['bff', ...path].map((part) => part.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase()).join('_');
}

const SCALARS: readonly unknown[] = ['string', 'number', 'integer', 'boolean'];

const isText = ({ type, enum: values }: SchemaNode) => type === 'string' || values !== undefined;

/** Whether the list may hold texts; it may hold objects as well, which only the file can set. */
const isTextList = ({ type, items }: SchemaNode) =>
  type === 'array' &&
  items !== undefined &&
  (isText(items) ||
    (items.anyOf?.some(isText) === true && items.anyOf.every((node) => isText(node) || node.type === 'object')));

function isSecret({ anyOf }: SchemaNode): boolean {
  const [text, reference, ...others] = anyOf ?? [];
  const names = reference?.anyOf?.flatMap(({ properties }) => Object.keys(properties ?? {}));
  return others.length === 0 && text?.type === 'string' && names?.join() === 'file,env';
}

/** The type of value that one variable can hold; undefined when the node is not a single option. */
export function kindOf(node: SchemaNode): Option['kind'] | undefined {
  if (isSecret(node)) return 'secret';
  if (isTextList(node)) return 'list';
  if (node.type === 'integer' || node.type === 'number') return 'number';
  if (node.type === 'string' || node.type === 'boolean') return node.type;
  const branches = node.anyOf ?? [];
  if (branches.length === 0) return undefined;
  if (branches.every((branch) => branch.type === 'string' || isTextList(branch)))
    return branches.some(isTextList) ? 'list' : 'string';
  return branches.every(({ type }) => SCALARS.includes(type)) ? 'scalar' : undefined;
}

/**
 * All options of a schema that one environment variable can set. Throws for a part of the schema that is neither such an
 * option, nor a group of options, nor listed in `withoutVariable`: its variables would be missing without notice.
 */
export function optionsOf(schema: SchemaNode, withoutVariable: readonly string[] = []): Option[] {
  const unused = new Set(withoutVariable);
  const collect = (node: SchemaNode, path: string[]): Option[] => {
    const name = path.join('.');
    if (withoutVariable.includes(name)) {
      unused.delete(name);
      return [];
    }
    const kind = path.length === 0 ? undefined : kindOf(node);
    if (kind !== undefined) return [{ path, kind, variable: variableName(path), node }];
    const branches = node.anyOf ?? [node];
    if (branches.some(({ properties }) => properties === undefined))
      throw new Error(
        `cannot derive environment variables for ${name}; use a scalar, a list of text or a group of options, or add it to WITHOUT_VARIABLE`,
      );
    return branches.flatMap(({ properties }) =>
      Object.entries(properties ?? {}).flatMap(([key, child]) => collect(child, [...path, key])),
    );
  };
  const found = collect(schema, []);
  if (unused.size > 0) throw new Error(`WITHOUT_VARIABLE lists options that do not exist: ${[...unused].join(', ')}`);
  return found;
}

/** All options of the configuration that one environment variable can set. */
export function options(): Option[] {
  return optionsOf(jsonSchema(), WITHOUT_VARIABLE);
}

/** An option that is a list of objects or a record, with the variable that sets it as JSON or YAML. */
export type StructuredOption = Pick<Option, 'path' | 'variable'>;

/** The options that a variable sets as JSON or YAML. */
export function structuredOptions(): StructuredOption[] {
  return WITHOUT_VARIABLE.filter((name) => !FILE_ONLY.includes(name)).map((name) => {
    const path = name.split('.');
    return { path, variable: variableName(path) };
  });
}
