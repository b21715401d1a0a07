/** What to write for an option: an example from the schema, or one that the option needs. */
import type { SchemaNode } from '../schema/options.ts';
import type { Path } from '../validate/faults.ts';

export interface Example {
  /** A value of the option. */
  readonly value: string;
  /** The option with a value, as a line of the file. */
  readonly line: string;
}

/** Values of options that have no default, by their name. */
const VALUES: Readonly<Record<string, string>> = {
  publicUrl: 'https://app.example.com',
  issuer: 'https://id.example.com',
  clientId: 'my-app',
  upstream: 'http://localhost:8080',
  url: 'https://app.example.com',
  path: '/api/**',
  keys: '[{ id: k1, file: ./key.txt }]',
  secrets: '{ keys: [{ id: k1, file: ./key.txt }] }',
  provider: '{ issuer: https://id.example.com, clientId: my-app }',
  apps: '[{ id: shop, publicUrl: https://shop.example.com }]',
  file: './secret.txt',
  env: 'MY_SECRET',
  certificate: './client.pem',
  key: './client-key.pem',
  directory: './dist',
  sqlite: '{ file: ./bff-sessions.db }',
  redis: '{ url: redis://localhost:6379 }',
  host: 'localhost',
  client: 'my-api',
  role: 'admin',
  scopes: '[openid, profile]',
};

const KINDS: Readonly<Record<string, string>> = {
  boolean: 'true',
  array: '[...]',
  string: 'a text',
  integer: '1',
  number: '1',
};

const MAX_NAMES = 4;

/** Names of options for a group: those that are required, or the first ones. */
function groupExample({ properties = {}, required }: SchemaNode): string {
  const names = required ?? Object.keys(properties).slice(0, MAX_NAMES);
  return names.length === 0 ? '{ name: value }' : `{ ${names.map((name) => `${name}: ...`).join(', ')} }`;
}

function valueFor(node: SchemaNode | undefined): string {
  if (node === undefined) return 'a value';
  const { type = '', default: initial, enum: values, const: literal, anyOf, minimum } = node;
  if (initial !== undefined && initial !== '' && typeof initial !== 'object') return String(initial);
  if (Array.isArray(initial) && initial.some((entry) => typeof entry !== 'object')) return `[${initial.join(', ')}]`;
  if (literal !== undefined) return String(literal);
  if (values !== undefined) return values.map(String).join(' or ');
  if (anyOf?.every((branch) => branch.type === 'object')) return anyOf.map(valueFor).join(' or ');
  if (anyOf?.[0] !== undefined) return valueFor(anyOf[0]);
  if (type === 'object') return groupExample(node);
  return minimum !== undefined && minimum > 1 ? String(minimum) : (KINDS[type] ?? 'a value');
}

/** An example of an option; `nodes` are the parts of the schema that describe it. */
export function optionExample(path: Path, nodes: readonly SchemaNode[]): Example {
  const name = path.findLast((part) => typeof part === 'string') ?? '';
  const isEntry = typeof path.at(-1) === 'number';
  const known = isEntry || !Object.hasOwn(VALUES, name) ? undefined : VALUES[name];
  const value = known ?? valueFor(nodes[0]);
  return { value, line: isEntry ? value : `${name}: ${value}` };
}
