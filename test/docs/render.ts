/** Generator of the pages of `docs/` that follow from tables and the schema. */
import { ERRORS } from '../../src/base/error-table.ts';
import { NOT_INHERITED, SHARED_OPTIONS } from '../../src/config/schema/app-options.ts';
import { jsonSchema } from '../../src/config/schema/options.ts';
import { COMBINATIONS } from '../../src/config/warnings/warnings.ts';
import { auditPage } from './render-audit.ts';
import { chartFiles } from './render-chart.ts';
import { commandLinePage } from './render-cli.ts';
import { endpointsPage } from './render-endpoints.ts';
import { logsPage } from './render-logs.ts';
import { metricsPage } from './render-metrics.ts';
import { optionPages, partsTable } from './render-options.ts';
import { samplePage } from './render-sample.ts';

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

const names = (list: readonly string[]) => list.map((name) => `\`${name}\``).join(', ');

function configurationPage(): string {
  return `# Configuration

The configuration is one YAML file, given with \`--config\` or \`BFF_CONFIG\`; without them it is \`gateway.yaml\`, or the variables below alone.
\`bff-gateway check\` prints the configuration with defaults and references in place of secrets, or every fault with its line ([command line](command-line.md)). Unknown options prevent the start. For completion in an editor, add this first line to the file:
\`# yaml-language-server: $schema=./configuration.schema.json\`.

- **Environment**: \`\${NAME}\` and \`\${NAME:-default}\` in any text are replaced; \`$\${\` is a literal \`\${\`. The result has
  the type of its option: \`port: \${PORT:-3000}\` is a number. Most options can also be set by a
  variable, which overrides the file; lists are separated by commas. Lists of objects and records are JSON or YAML:
  \`BFF_SECRETS_KEYS\`, \`BFF_ROUTES\`, \`BFF_PROVIDERS\`, \`BFF_PROVIDER_AUTHORIZATION_PARAMS\`, \`BFF_ACCESS_TOKENS_ISSUERS\`,
  \`BFF_SESSION_STORE_REDIS_SENTINELS\`, \`BFF_SESSION_STORE_REDIS_CLUSTER\`; only a file can hold several apps. A \`BFF_\` variable without a matching option prevents the start. The two that
  are no options are \`BFF_CONFIG\` and \`BFF_TUNING_REEXEC\` (\`on\`, \`off\`; see [memory](decisions/0011-memory.md)).
- **Secrets** can be references: \`{ file: /run/secrets/name }\` or \`{ env: NAME }\`. Their variables also exist with the suffix \`_FILE\`.
  \`bff-gateway keys new > session-key\` creates a key in a file.
- **Rotation**: put the new key first in \`secrets.keys\`, and keep the old one after it for the duration of \`session.absoluteTimeout\`. The first key
  seals; every key can open.
- **Durations** have the form \`500ms\`, \`30s\`, \`15m\`, \`8h\` or \`7d\`; **sizes** \`512b\`, \`16kb\` or \`10mb\`.

## Options

[configuration.sample.yaml](configuration.sample.yaml) is a file with every option as a comment.

| page | options |
| --- | --- |
${partsTable()}

## What several apps share

An app has the options of the file: groups are merged over those at the top option by option, lists and references to secrets are replaced, and
\`providers\` replaces \`provider\`. Never inherited: ${names(NOT_INHERITED)}. Only at the top of the file, because all apps share them:
${names(SHARED_OPTIONS)}. Variables set options at the top.

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
    ...optionPages(),
    'configuration.sample.yaml': samplePage(),
    ...chartFiles(),
    'configuration.schema.json': `${JSON.stringify(jsonSchema(), null, 2)}\n`,
  };
}
