/** The pages of `docs/` that are generated: options from the schema, errors from their table. */

import { ERRORS } from '../../src/base/error-table.ts';
import { jsonSchema, type Option, options, type SchemaNode } from '../../src/config/schema/options.ts';
import { auditPage } from './render-audit.ts';
import { endpointsPage } from './render-endpoints.ts';
import { metricsPage } from './render-metrics.ts';

const cell = (text: string) => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function errorsPage(): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { status, title, hint }]) => `| \`${code}\` | ${status} | ${cell(title)} | ${cell(hint)} |`,
  );
  return `# Errors

Every error has a stable code. Callers get it as \`application/problem+json\` (RFC 9457), people as a page; both hold a \`requestId\` under
which the log has the cause. Nothing of the request, the upstream or the provider is repeated in an answer. Every 503 carries
\`Retry-After\`; a store or provider outage never reads as "signed out".

\`\`\`json
{ "type": "urn:bff-gateway:error:unauthenticated", "title": "Not signed in", "status": 401, "detail": "…", "code": "unauthenticated", "requestId": "…" }
\`\`\`

## Whose answer it is

Every error of the gateway, document or page, carries its code in the header \`X-Bff-Gateway\`, which listed origins can read as well; answers of \`/session\`,
\`/profile\` and \`/logout\` carry \`ok\`. The gateway removes the header from the answers of upstreams, in every spelling. An upstream can send the same status and
body but never the header, so a program that reacts to an error of the gateway looks at the header, not at the body.

## Codes

| code | status | title | what it means |
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

const valuesOf = ({ const: literal, enum: values, items, type = '' }: SchemaNode): string => {
  if (literal !== undefined) return `\`${String(literal)}\``;
  const allowed = values ?? items?.enum;
  if (allowed) return allowed.map((value) => `\`${value}\``).join(', ');
  return type === 'string' ? 'text' : 'number';
};

const typeOf = ({ kind, node }: Option): string => {
  if (kind === 'scalar') return (node.anyOf ?? []).map(valuesOf).join(', ');
  return node.enum || node.items?.enum ? valuesOf(node) : TYPES[kind];
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

function configurationPage(): string {
  const schema = jsonSchema();
  return `# Configuration

One YAML file, given with \`--config\`. \`bff-gateway check --config FILE\` prints what was understood, with secrets masked, or every fault with
its line. Unknown options stop the start. For completion in an editor put this on the first line of the file:
\`# yaml-language-server: $schema=./configuration.schema.json\`.

- **Environment**: \`\${NAME}\` and \`\${NAME:-default}\` stand inside any text; \`$\${\` is a plain \`\${\`. Each option below can also be set by its own variable,
  which wins over the file; lists are separated by commas. A \`BFF_\` variable that sets nothing stops the start. The one that is
  no option is \`BFF_TUNING_REEXEC\` (\`on\`, \`off\`): see [memory](decisions/0011-memory.md).
- **Secrets** are written as \`{ file: /run/secrets/name }\` or \`{ env: NAME }\`; their variables also exist with \`_FILE\`. \`bff-gateway keys new\` makes a key.
- **Rotation**: put the new key first in \`secrets.keys\` and keep the old one after it until the longest session is over. The first key is used, all are accepted.
- **Durations** are \`500ms\`, \`30s\`, \`15m\`, \`8h\`, \`7d\`; **sizes** \`512b\`, \`16kb\`, \`10mb\`.

## Options

| option | values | default | variable | meaning |
| --- | --- | --- | --- | --- |
${optionRows(options())}

## secrets.keys

| option | default | meaning |
| --- | --- | --- |
${listRows(schema.properties?.secrets?.properties?.keys?.items, '')}

## routes

The first route whose path matches is used; in it the first rule that matches. No rule is a refusal. A path is matched segment by segment after
percent-decoding; what reaches the upstream is what was sent, byte for byte. A path that a lenient server could read as another route is refused.

| option | default | meaning |
| --- | --- | --- |
${listRows(schema.properties?.routes?.items, '')}

Claim headers are percent-encoded UTF-8: \`decodeURIComponent\` gives the exact value; the elements of a list are encoded one by one and joined by commas.
\`csrf: fetch-metadata\` relaxes GET and HEAD only; a method that changes state always needs the header.
`;
}

/** Name in \`docs/\` to text. */
export function renderDocs(): Record<string, string> {
  return {
    'endpoints.md': endpointsPage(),
    'errors.md': errorsPage(),
    'metrics.md': metricsPage(),
    'audit.md': auditPage(),
    'configuration.md': configurationPage(),
    'configuration.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  };
}
