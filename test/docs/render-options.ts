/** Renders the reference of all options, one page per part of the configuration, from the schema. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';
import { jsonSchema, type OptionNode, optionNodes, options, type SchemaNode } from '../../src/config/schema/options.ts';

/** The pages of the reference: which parts of the file each has, and what its first paragraph says. */
export const PARTS: Readonly<Record<string, { title: string; intro: string; parts: readonly string[] }>> = {
  server: {
    title: 'Addresses and the process',
    intro: 'Where the gateway listens, which names and proxies it trusts, its keys, and how it runs.',
    parts: [
      'publicUrl',
      'allowedHosts',
      'origins',
      'listen',
      'trustedProxies',
      'clientCertificateHeader',
      'identityHeaders',
      'secrets',
      'workers',
      'admin',
      'hsts',
      'reload',
      'plugins',
      'hooks',
      'upstreamClient',
      'tuning',
      'development',
    ],
  },
  provider: {
    title: 'Provider',
    intro:
      'Where users sign in, and as which client. See also the page of your provider, and [several providers](../several-providers.md).',
    parts: ['provider', 'providers'],
  },
  session: {
    title: 'Sessions, sign-in and sign-out',
    intro:
      'Where sessions are stored, how long they last, and what a sign-in and a sign-out do. See also [sessions](../sessions.md).',
    parts: ['session', 'login', 'logout', 'csrf', 'cors', 'endpoints'],
  },
  frontend: {
    title: 'Front end and pages',
    intro: 'What the gateway serves to browsers beside the routes. See also [the front end](../front-end.md).',
    parts: ['frontend', 'pages'],
  },
  routes: {
    title: 'Routes and rules',
    intro: `The first route whose path matches is used, and in it the first rule that matches. A request without a matching rule is denied. Paths are matched
segment by segment after percent-decoding; the upstream receives the path unchanged, byte for byte. A path that a lenient server could interpret
as a path of another route is refused. See also [rules, bearer tokens and tokens for APIs](../api-gateway.md).

Claim headers are percent-encoded UTF-8: \`decodeURIComponent\` returns the exact value. The elements of a list are encoded one by one and joined by
commas. \`csrf: fetch-metadata\` applies to GET and HEAD only; other methods always need the header.`,
    parts: ['routes'],
  },
  tokens: {
    title: 'Bearer tokens and forward authentication',
    intro:
      'Which access tokens of callers are accepted, and the private listener for other proxies. See also [forward authentication](../forward-auth.md).',
    parts: ['accessTokens', 'forwardAuth'],
  },
  limits: {
    title: 'Limits',
    intro: 'Limits of the process and of callers. What a client sees when one is reached: [limits](../limits.md).',
    parts: ['limits'],
  },
  observability: {
    title: 'Logs, traces and audit',
    intro: 'What the gateway writes about what it does. See also [operations](../operations.md).',
    parts: ['log', 'tracing', 'audit'],
  },
  apps: {
    title: 'Several apps',
    intro: 'Further apps in one process, each with a public origin of its own: see [several apps](../several-apps.md).',
    parts: ['apps', 'appsFrom'],
  },
};

const SECRET = 'text, `{ file: PATH }` or `{ env: NAME }`';

const code = (value: unknown) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

/** The values of an option, in words. */
function valuesOf(node: SchemaNode): string {
  const {
    const: literal,
    enum: values,
    anyOf,
    items,
    properties,
    additionalProperties: entry,
    minimum,
    maximum,
  } = node;
  if (literal !== undefined) return code(literal);
  if (values) return values.map(code).join(', ');
  if (anyOf?.[1]?.anyOf?.every((branch) => branch.properties?.file || branch.properties?.env)) return SECRET;
  if (anyOf) return [...new Set(anyOf.map(valuesOf))].join(', or ');
  if (properties) return `\`{ ${Object.keys(properties).join(', ')} }\``;
  if (items) return items.$ref === undefined ? `list of ${valuesOf(items)}` : 'list of apps';
  if (typeof entry === 'object' && entry !== null) return `map of names to ${valuesOf(entry)}`;
  if (node.type === 'boolean') return '`true`, `false`';
  if (node['x-type'] !== undefined && node['x-type'] !== 'port') return node['x-type'];
  if (node.type === 'string' || node.type === undefined) return 'text';
  const safe = (bound: number | undefined) =>
    Math.abs(bound ?? Infinity) < Number.MAX_SAFE_INTEGER ? bound : undefined;
  const range = [safe(minimum), safe(maximum)];
  if (range[0] === undefined) return 'number';
  return range[1] === undefined ? `number, ${range[0]} or more` : `number, ${range[0]} to ${range[1]}`;
}

const FIRST = new Set(readFileSync(join(import.meta.dirname, 'options-of-0.1.txt'), 'utf8').split('\n'));

/** What to write: the last name of the path, with the value. */
function exampleOf(path: string, value: unknown): string {
  const name =
    path
      .replace(/(?:\[\]|\{\})$/, '')
      .split('.')
      .at(-1) ?? '';
  const text = stringify(
    { [name]: value },
    { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 },
  ).trim();
  const block = text.replace(/^\{ (.*) \}$/s, '$1');
  return parse(block)[name] === undefined ? text : block;
}

/** One option: its name as heading, what it means, and its facts. */
function entryOf({ path, node, required }: OptionNode, variable: string | undefined): string {
  const { default: value, examples: [example] = [], properties } = node;
  const isGroup = properties !== undefined;
  const facts = [
    ...(isGroup ? [] : [`Values: ${valuesOf(node)}.`]),
    ...(required ? ['Required.'] : []),
    ...(isGroup || value === undefined || value === '' ? [] : [`Default: ${code(value)}.`]),
    ...(variable === undefined ? [] : [`Variable: \`${variable}\`.`]),
    `Since ${FIRST.has(path) ? '0.1' : '0.2'}.`,
  ];
  // A group without a description has nothing to say beside its members.
  if (isGroup && node.description === undefined && path.includes('.')) return '';
  return [
    `${/[.[{]/.test(path) ? '###' : '##'} \`${path}\``,
    ...(node.description === undefined ? [] : [node.description]),
    [facts.join(' '), ...(example === undefined ? [] : [`Example: \`${exampleOf(path, example)}\`.`])].join(' '),
  ].join('\n\n');
}

/** Whether the page has the option: those of a further provider are the same as of `provider`, and a secret has one form everywhere. */
function isShown({ path }: OptionNode, secrets: ReadonlySet<string>): boolean {
  return (
    !path.startsWith('providers[]') && !path.includes('[][]') && !secrets.has(path.slice(0, path.lastIndexOf('.')))
  );
}

/** Options of one part of the file. */
function optionsOfPart(all: readonly OptionNode[], part: string): OptionNode[] {
  return all.filter(({ path }) => path.split(/[.[{]/, 1)[0] === part);
}

/** The options that the reference describes, each once: a union has several branches. */
export function describedOptions(): OptionNode[] {
  const byPath = new Map<string, OptionNode>();
  const all = optionNodes(jsonSchema());
  const secrets = new Set(all.filter(({ node }) => valuesOf(node) === SECRET).map(({ path }) => path));
  for (const option of all) if (!byPath.has(option.path) && isShown(option, secrets)) byPath.set(option.path, option);
  return [...byPath.values()];
}

function pageOf(name: string, all: readonly OptionNode[], variables: ReadonlyMap<string, string>): string {
  const { title = '', intro = '', parts = [] } = PARTS[name] ?? {};
  const entries = parts.flatMap((part) => optionsOfPart(all, part));
  const texts = entries.map((option) => entryOf(option, variables.get(option.path)));
  const text = texts.filter((entry) => entry !== '').join('\n\n');
  return `# Configuration: ${title.toLowerCase()}\n\n${intro}\n\n${text}\n`;
}

/** The pages of the reference, by their name in `docs/`. Throws for a part of the configuration that no page has. */
export function optionPages(): Record<string, string> {
  const all = describedOptions();
  const variables = new Map(options().map(({ path, variable }) => [path.join('.'), variable]));
  const known = new Set(Object.values(PARTS).flatMap(({ parts }) => parts));
  const missing = Object.keys(jsonSchema().properties ?? {}).filter((part) => !known.has(part));
  if (missing.length > 0) throw new Error(`no page of the reference has ${missing.join(', ')}: add it to PARTS`);
  return Object.fromEntries(
    Object.keys(PARTS).map((name) => [`configuration/${name}.md`, pageOf(name, all, variables)]),
  );
}

/** The list of pages, with the options of each. */
export function partsTable(): string {
  const present = new Set(Object.keys(jsonSchema().properties ?? {}));
  return Object.entries(PARTS)
    .map(([name, { title, parts }]) => {
      const shown = parts.filter((part) => present.has(part)).map((part) => `\`${part}\``);
      return `| [${title}](configuration/${name}.md) | ${shown.join(', ')} |`;
    })
    .join('\n');
}
