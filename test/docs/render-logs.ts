/** Generator of `docs/logs.md`: the names of the fields from their table. */
import { FIELD_NAMES } from '../../src/observe/format/field-names.ts';

const names = Object.entries(FIELD_NAMES);
const LINE_FIELDS = names.filter(([name]) => !name.includes('.'));

const row = ([name, { otel, ecs, meaning }]: (typeof names)[number]) =>
  `| \`${name}\` | \`${otel}\` | \`${ecs}\` | ${meaning} |`;

export function logsPage(): string {
  return `# Logs

The gateway writes its log to standard output, one line per event. The [audit log](audit.md) records security events; by default its lines are among those
of the log. No line contains a token, a cookie, a code, a secret, or the path or query of a request.

## Forms

| \`log.format\` | lines |
| --- | --- |
| \`auto\` (default) | \`pretty\` if standard output is a terminal, otherwise \`json\` |
| \`json\` | one JSON object each |
| \`pretty\` | text for people: local time, level, message, and the other fields behind it |

\`pretty\` has colours on a terminal, unless \`NO_COLOR\` is set or \`TERM\` is \`dumb\`. Values that a client controls cannot forge lines or control a terminal: control
characters, line separators and bidirectional overrides are escaped in every form.

\`\`\`
[10:14:07.312] INFO: listening {"publicUrl":"https://shop.example.com","port":3000,"store":"redis","digest":"d475f34663e5"}
[10:14:09.020] WARN: The session store is unavailable {"requestId":"0b0c…","errorCode":"store_unavailable","status":503}
\`\`\`

A gateway that is [mounted in a Node server](embedding.md) with \`logTo\` writes JSON, unless \`log.format\` is \`pretty\`.

## Names of the fields

\`log.fields\` selects the names in JSON lines: \`plain\` are the gateway's own, \`otel\` those of the log data model and the semantic conventions of OpenTelemetry,
and \`ecs\` those of the Elastic Common Schema. Audit lines on standard output follow it too. An audit file of its own keeps the names of [audit.md](audit.md).

\`\`\`
{"level":"info","time":"2026-03-02T09:14:07.312Z","requestId":"0b0c…","errorCode":"access_denied","status":403,"detail":"no rule of /api/** applies to GET","msg":"Access denied"}
{"severity_text":"INFO","severity_number":9,"timestamp":"2026-03-02T09:14:07.312Z","bff.request.id":"0b0c…","error.type":"access_denied","http.response.status_code":403,"bff.detail":"no rule of /api/** applies to GET","body":"Access denied"}
{"log.level":"info","ecs.version":"8.11.0","service.name":"bff-gateway","event.dataset":"bff-gateway.log","@timestamp":"2026-03-02T09:14:07.312Z","http.request.id":"0b0c…","error.code":"access_denied","http.response.status_code":403,"bff.detail":"no rule of /api/** applies to GET","message":"Access denied"}
\`\`\`

| \`plain\` | \`otel\` | \`ecs\` | meaning |
| --- | --- | --- | --- |
${LINE_FIELDS.map(row).join('\n')}

Any other field has the prefix \`bff.\` in \`otel\` and \`ecs\`. The class and the message of \`err\` are \`exception.type\` and \`exception.message\` in \`otel\`,
\`error.type\` and \`error.message\` in \`ecs\`; what else it holds is in \`bff.err\`. \`otel\` adds \`severity_number\`; \`ecs\` adds \`ecs.version\`, \`service.name\` and
\`event.dataset\` (\`bff-gateway.log\`, \`bff-gateway.audit\`).

## Level

\`log.level\` is the least severe level that is logged: \`trace\`, \`debug\`, \`info\`, \`warn\`, \`error\`, or \`silent\` for none. It changes without a restart, in every process:

- A [reload](operations.md#changing-the-configuration-while-it-runs) applies \`log.level\`. If the provider is down, a reload fails: send \`SIGUSR2\` instead.
- \`SIGUSR2\` to the first process switches to \`debug\`, and the next \`SIGUSR2\` back to \`log.level\`. If \`log.level\` is \`debug\` or \`trace\`, it switches to \`info\` and back.
  The line \`log level changed\` names both levels. A reload ends the switch.

No level adds a token or a cookie to the log.

## Queries

| | Loki | Elasticsearch (\`ecs\`) |
| --- | --- | --- |
| errors | \`{app="bff-gateway"} \\| json \\| level="error"\` | \`log.level: error\` |
| one request | \`{app="bff-gateway"} \\| json \\| requestId="0b0c…"\` | \`http.request.id: "0b0c…"\` |
`;
}
