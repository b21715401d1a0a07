/** YAML form of a configuration for `check`: durations and sizes with units, secrets masked. */
import { stringify } from 'yaml';
import { MAIN_APP } from '../config/schema/app-identity.ts';
import { SHARED_OPTIONS } from '../config/schema/app-options.ts';
import { jsonSchema, nodesAt, type SchemaNode } from '../config/schema/options.ts';
import type { Config } from '../config/schema/schema.ts';
import { isRecord } from '../oidc/products/base/claims.ts';

const MASK = '********';
/** Names of options that hold a secret, in any section. */
const SECRET_OPTIONS = new Set(['clientSecret', 'privateKey', 'password', 'sentinelPassword', 'value', 'secret']);
/** Names of options that hold a size; all other numbers that are written as text are durations. */
const SIZE_OPTIONS = new Set(['headerSize', 'maxBody']);
const UNITS_BYTES: [unit: string, bytes: number][] = [
  ['gb', 1024 ** 3],
  ['mb', 1024 ** 2],
  ['kb', 1024],
];
const UNITS_MS: [unit: string, ms: number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
];

/** `1800000` is `30m`, and `16384` is `16kb`. */
function withUnit(value: number, units: readonly [unit: string, size: number][], smallest: string): string {
  const unit = value === 0 ? undefined : units.find(([, size]) => value % size === 0);
  return unit ? `${value / unit[1]}${unit[0]}` : `${value}${smallest}`;
}

/** Whether the file has text where the parsed configuration has a number. */
function isText(nodes: readonly SchemaNode[]): boolean {
  const types = nodes.flatMap(({ type, anyOf = [] }) => [type, ...anyOf.map((branch) => branch.type)]);
  return types.includes('string') && !types.includes('integer') && !types.includes('number');
}

/** Masks user and password of a URL. */
function maskCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${MASK}@`);
}

/** A value as it is written in the file; `nodes` are the parts of the schema that describe it. */
function printable(value: unknown, nodes: readonly SchemaNode[], name = ''): unknown {
  if (SECRET_OPTIONS.has(name) && typeof value === 'string') return MASK;
  if (typeof value === 'number' && isText(nodes))
    return SIZE_OPTIONS.has(name) ? withUnit(value, UNITS_BYTES, 'b') : withUnit(value, UNITS_MS, 'ms');
  if (typeof value === 'string') return maskCredentials(value);
  const below = (key: string | number) => nodes.flatMap((node) => nodesAt(node, [key]));
  if (Array.isArray(value)) return value.map((item: unknown) => printable(item, below(0)));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, printable(item, below(key), key)]));
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
export function describeConfig(config: Config): string {
  const { apps = [], app } = config;
  const hasMain = app.tag === MAIN_APP.tag;
  const top = hasMain ? optionsOf(config) : partOf(optionsOf(config), true);
  const entries = [...(hasMain ? [] : [config]), ...apps].map(entryOf);
  const schema = [jsonSchema()];
  const printed = { ...(printable(top, schema) as Options) };
  if (entries.length > 0) printed.apps = entries.map((entry) => printable(entry, schema));
  return stringify(printed, { lineWidth: 0, aliasDuplicateObjects: false });
}
