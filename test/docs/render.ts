/** Generator of the pages of `docs/` that follow from tables and the schema. */
import { ERRORS } from '../../src/base/error-table.ts';
import { NOT_INHERITED, SHARED_OPTIONS } from '../../src/config/schema/app-options.ts';
import { jsonSchema, type Option, options, type SchemaNode } from '../../src/config/schema/options.ts';
import { COMBINATIONS } from '../../src/config/warnings/warnings.ts';
import { auditPage } from './render-audit.ts';
import { commandLinePage } from './render-cli.ts';
import { endpointsPage } from './render-endpoints.ts';
import { logsPage } from './render-logs.ts';
import { metricsPage } from './render-metrics.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, hint }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(hint)} |`,
  );
  return `# Errors

Every error has a stable code. Scripts receive it as \`application/problem+json\` (RFC 9457), browser navigations as a page. Both contain a
\`requestId\`, under which the log has the cause. Error responses contain no data from the request, the upstream or the provider. Every 503
carries \`Retry-After\`. An outage of the store or the provider is never reported as "signed out".

\`\`\`json
{ "type": "urn:bff-gateway:error:unauthenticated", "title": "Not signed in", "status": 401, "detail": "…", "code": "unauthenticated", "requestId": "…" }
\`\`\`

## How to recognize an error of the gateway

Every error of the gateway carries its code in the header \`X-Bff-Gateway\`, which origins in \`cors.allowedOrigins\` can read as well. JSON responses
of \`/session\`, \`/profile\`, \`/logout\` and \`/login\` carry the value \`ok\`. The gateway removes this header, in every spelling, from responses of
upstreams. An upstream can imitate the status and the body of an error but not the header: a client that reacts to errors of the gateway must check the
header.

## Codes

| code | status | title | meaning |
| --- | --- | --- | --- |
${rows.join('\n')}
`;
}

const TYPES: Record<Exclude<Option['kind'], 'scalar'>, string> = {
  string: 'text',
  number: 'number',
  boolean: 'true, false',
  list: 'list of text',
  secret: 'text, `{ file }` or `{ env }`',
};

const valuesOf = ({ const: literal, enum: values, items, properties, type = '' }: SchemaNode): string => {
  if (literal !== undefined) return `\`${String(literal)}\``;
  const allowed = values ?? items?.enum;
  if (items?.anyOf) return items.anyOf.map(valuesOf).join(', ');
  if (properties) return `\`{ ${Object.keys(properties).join(', ')} }\``;
  if (allowed) return allowed.map((value) => `\`${value}\``).join(', ');
  return type === 'string' ? 'text' : 'number';
};

const typeOf = ({ kind, node }: Option): string => {
  if (kind === 'scalar') return (node.anyOf ?? []).map(valuesOf).join(', ');
  return node.enum || node.items?.enum || node.items?.anyOf ? valuesOf(node) : TYPES[kind];
};

const defaultOf = ({ default: value }: SchemaNode) =>
  value === undefined ? '' : `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function optionRows(all: Option[]): string {
  return all
    .map(
      (option) =>
        `| \`${option.path.join('.')}\` | ${typeOf(option)} | ${cell(defaultOf(option.node))} | \`${option.variable}\` | ${cell(option.node.description ?? '')} |`,
    )
    .join('\n');
}

function listRows(item: SchemaNode | undefined, prefix: string): string {
  return Object.entries(item?.properties ?? {})
    .flatMap(([name, node]) => [
      `| \`${prefix}${name}\` | ${cell(defaultOf(node))} | ${cell(node.description ?? '')} |`,
      ...(node.properties ? [listRows(node, `${prefix}${name}.`)] : []),
      ...(node.items?.properties ? [listRows(node.items, `${prefix}${name}[].`)] : []),
    ])
    .join('\n');
}

/** The options that only an app has; all others are those of the file. */
const OF_APP = ['id', 'path'];

/** Rows of the options that add apps, and of what only an app has. */
function appRows({ properties, $defs }: SchemaNode): string {
  const lists = { apps: properties?.apps ?? {}, appsFrom: properties?.appsFrom ?? {} };
  const own = OF_APP.map((name) => [name, $defs?.app?.properties?.[name] ?? {}] as const);
  return [
    listRows({ properties: lists }, ''),
    listRows({ properties: Object.fromEntries(own) }, 'apps[].'),
    '| any option of an app | | Overrides the option at the top of the file. |',
  ].join('\n');
}

const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(', ');

/** The schema of the entries of a list that are objects. */
const objectEntry = (list: SchemaNode | undefined): SchemaNode | undefined =>
  list?.items?.anyOf?.find(({ properties }) => properties !== undefined);

function configurationPage(): string {
  const schema = jsonSchema();
  return `# Configuration

The configuration is one YAML file, given with \`--config\` or \`BFF_CONFIG\`; without them it is \`gateway.yaml\`, or the variables below alone.
\`bff-gateway check\` prints the configuration with defaults and masked secrets, or every fault with its line ([command line](command-line.md)). Unknown options prevent the start. For completion in an editor, add this first line to the file:
\`# yaml-language-server: $schema=./configuration.schema.json\`.

- **Environment**: \`\${NAME}\` and \`\${NAME:-default}\` in any text are replaced; \`$\${\` is a literal \`\${\`. The result has
  the type of its option: \`port: \${PORT:-3000}\` is a number. Each option below can also be set by its
  variable, which overrides the file; lists are separated by commas. A \`BFF_\` variable without a matching option prevents the start. The two that
  are no options are \`BFF_CONFIG\` and \`BFF_TUNING_REEXEC\` (\`on\`, \`off\`; see [memory](decisions/0011-memory.md)).
- **Secrets** can be references: \`{ file: /run/secrets/name }\` or \`{ env: NAME }\`. Their variables also exist with the suffix \`_FILE\`.
  \`bff-gateway keys new > session-key\` creates a key in a file.
- **Rotation**: put the new key first in \`secrets.keys\`, and keep the old one after it for the duration of \`session.absoluteTimeout\`. The first key
  seals; every key can open.
- **Durations** have the form \`500ms\`, \`30s\`, \`15m\`, \`8h\` or \`7d\`; **sizes** \`512b\`, \`16kb\` or \`10mb\`.

## Options

| option | values | default | variable | meaning |
| --- | --- | --- | --- | --- |
${optionRows(options())}

## secrets.keys

| option | default | meaning |
| --- | --- | --- |
${listRows(schema.properties?.secrets?.properties?.keys?.items, '')}

## provider.allowedLoginParams

Entries are names of the default, or objects for these and other parameters. Parameters of the protocol, and those that decide what tokens are for
(\`scope\`, \`audience\`, \`resource\`, \`claims\` and others), are refused. A value from a link replaces one of \`provider.authorizationParams\`.

| option | default | meaning |
| --- | --- | --- |
${listRows(objectEntry(schema.properties?.provider?.properties?.allowedLoginParams), '')}

## routes

The first route whose path matches is used, and in it the first rule that matches. A request without a matching rule is denied. Paths are matched
segment by segment after percent-decoding; the upstream receives the path unchanged, byte for byte. A path that a lenient server could interpret
as a path of another route is refused.

| option | default | meaning |
| --- | --- | --- |
${listRows(schema.properties?.routes?.items, '')}

Claim headers are percent-encoded UTF-8: \`decodeURIComponent\` returns the exact value. The elements of a list are encoded one by one and joined by commas.
\`csrf: fetch-metadata\` applies to GET and HEAD only; other methods always need the header.

## apps

Further apps, each with a public origin of its own: see [several apps](several-apps.md). An app has the options of the file: groups are merged over those at the top
option by option, lists and references to secrets are replaced, and \`providers\` replaces \`provider\`. Never inherited: ${names(NOT_INHERITED)}. Only at
the top of the file, because all apps share them: ${names(SHARED_OPTIONS)}. Variables set options at the top.

| option | default | meaning |
| --- | --- | --- |
${appRows(schema)}

## Warnings

These settings are valid, but unsafe or without effect, many of them only in combination. \`check\`, \`start\` and \`doctor\` print a warning for each, with
what to do; the log line carries the name as \`warning\`. They do not prevent the start.

| warning | combination |
| --- | --- |
${COMBINATIONS.map(({ id, when }) => `| \`${id}\` | ${cell(when)} |`).join('\n')}
`;
}

/** Text of each generated page, by its name in \`docs/\`. */
export function renderDocs(): Record<string, string> {
  return {
    'endpoints.md': endpointsPage(),
    'command-line.md': commandLinePage(),
    'errors.md': errorsPage(),
    'metrics.md': metricsPage(),
    'audit.md': auditPage(),
    'logs.md': logsPage(),
    'configuration.md': configurationPage(),
    'configuration.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  };
}
