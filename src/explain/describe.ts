/** YAML form of a configuration for `check`: durations and sizes with units, references in place of secrets. */
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { formatDuration, formatSize } from '../config/fields/units.ts';
import { isPathOption } from '../config/load/paths.ts';
import { isFreeName } from '../config/messages/value.ts';
import { MAIN_APP } from '../config/schema/app-identity.ts';
import { SHARED_OPTIONS } from '../config/schema/app-options.ts';
import { jsonSchema, nodesAt, type SchemaNode } from '../config/schema/options.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';
import type { References } from './references.ts';

/** Names of options that hold a secret, in any section. */
const SECRET_OPTIONS = new Set(['clientSecret', 'privateKey', 'password', 'sentinelPassword', 'value', 'secret']);

/** Whether the file has text where the parsed configuration has a number. */
function isText(nodes: readonly SchemaNode[]): boolean {
  const types = nodes.flatMap(({ type, anyOf = [] }) => [type, ...anyOf.map((branch) => branch.type)]);
  return types.includes('string') && !types.includes('integer') && !types.includes('number');
}

/** Other numbers that a file has as text are durations. */
const isSize = (nodes: readonly SchemaNode[]) => nodes.some((node) => node['x-type'] === 'size');

const hasCredentials = (text: string) => /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*@/i.test(text);

/** Where a value is, and what stands for secrets. */
interface Printing {
  readonly references: References;
  readonly path: readonly (string | number)[];
}

/** A text as it is written in the file: paths start anywhere else than at the folder of the output. */
function printableText(text: string, { references, path }: Printing): string {
  if (hasCredentials(text)) return references.url(text, path);
  const absolute = isPathOption(path) && text !== ':memory:' ? resolve(text) : text;
  return absolute.replaceAll('${', '$$${');
}

/** An entry of `secrets.keys` has its reference beside its ID; other options have it as their value. */
function printableEntry(
  name: string,
  value: unknown,
  nodes: readonly SchemaNode[],
  printing: Printing,
): [string, unknown][] {
  const { references, path } = printing;
  if (!SECRET_OPTIONS.has(name) || isFreeName(path) || typeof value !== 'string')
    return [[name, printable(value, nodes, printing)]];
  const reference = references.secret(value, path);
  return name === 'value' ? Object.entries(reference) : [[name, reference]];
}

/** A value as it is written in the file; `nodes` are the parts of the schema that describe it. */
function printable(value: unknown, nodes: readonly SchemaNode[], printing: Printing): unknown {
  const { path } = printing;
  if (typeof value === 'number' && isText(nodes)) return isSize(nodes) ? formatSize(value) : formatDuration(value);
  if (typeof value === 'string') return printableText(value, printing);
  const at = (key: string | number): [readonly SchemaNode[], Printing] => [
    nodes.flatMap((node) => nodesAt(node, [key])),
    { ...printing, path: [...path, key] },
  ];
  if (Array.isArray(value)) return value.map((item: unknown, index) => printable(item, at(0)[0], at(index)[1]));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).flatMap(([key, item]) => printableEntry(key, item, ...at(key))));
}

type Options = Record<string, unknown>;

/** The options of an app as a file has them: either one provider or several, and the prefix without the path of the app. */
function optionsOf(config: Config): Options {
  const { app, apps: _apps, provider, providers, endpoints, ...options } = config;
  const prefix = endpoints.prefix.slice(app.path.length);
  return {
    ...options,
    endpoints: { ...endpoints, prefix },
    ...(providers === undefined ? { provider } : { providers }),
  };
}

/** The options that all apps share, or those that they do not share. */
function partOf(options: Options, isShared: boolean, at = ''): Options {
  const entries = Object.entries(options).flatMap(([name, value]): [string, unknown][] => {
    const path = at + name;
    if (!SHARED_OPTIONS.some((option) => option.startsWith(`${path}.`)))
      return SHARED_OPTIONS.some((option) => option === path) === isShared ? [[name, value]] : [];
    return isRecord(value) ? [[name, partOf(value, isShared, `${path}.`)]] : [];
  });
  return Object.fromEntries(entries);
}

const entryOf = (config: Config): Options => {
  const { id, path } = config.app;
  return { id, ...(path === '' ? {} : { path }), ...partOf(optionsOf(config), false) };
};

/** The whole configuration, including defaults: every app with its own options, and once what all apps share. */
export function describeConfig(config: Config, references: References): string {
  const { apps = [], app } = config;
  const hasMain = app.tag === MAIN_APP.tag;
  const top = hasMain ? optionsOf(config) : partOf(optionsOf(config), true);
  const entries = [...(hasMain ? [] : [config]), ...apps].map(entryOf);
  const schema = [jsonSchema()];
  const printed = { ...(printable(top, schema, { references, path: [] }) as Options) };
  if (entries.length > 0)
    printed.apps = entries.map((entry, index) => printable(entry, schema, { references, path: ['apps', index] }));
  return stringify(printed, { lineWidth: 0, aliasDuplicateObjects: false });
}
