/** Generator of `docs/logs.md`: the names of the fields from their table. */
import { FIELD_NAMES } from '../../src/observe/format/field-names.ts';

const names = Object.entries(FIELD_NAMES);
const LINE_FIELDS = names.filter(([name]) => !name.includes('.'));
const ACCESS_FIELDS = names.filter(([name]) => name.includes('.'));

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
\`event.dataset\` (\`bff-gateway.log\`, \`bff-gateway.audit\`, \`bff-gateway.access\`).

## Access log

\`log.access\` adds a line for each finished request to routes, endpoints, the front end and forward authentication, and for each WebSocket at its end:

| \`log.access\` | requests with a line |
| --- | --- |
| \`off\` (default) | none |
| \`errors\` | responses with 5xx, and those that ended early because the client or the upstream broke off; an event stream that the client leaves is no error |
| \`sampled\` | errors, and the fraction \`log.sample\` (default 0.1) of all others |
| \`all\` | all |

The ID of the trace decides which requests are sampled, without a trace the request ID: gateways on the path of one trace log the same requests. \`log.level\` does not affect
access lines. A reload applies \`log.access\`, \`log.sample\` and \`log.paths\`. While the access log is off, it costs a request nothing.

\`\`\`
{"level":"info","time":"2026-03-02T09:14:07.312Z","access":true,"kind":"route","requestId":"0b0c…","traceId":"4bf9…","http.request.method":"GET","http.route":"/api/orders/**","user.hash":"Zm9vYmFyYmF6","session":"Qm9yZWRvbUlz","client.address":"203.0.113.7","server.address":"shop.example.com","url.scheme":"https","user_agent.original":"Mozilla/5.0 …","network.protocol.version":"1.1","http.response.status_code":200,"http.server.request.duration":0.012345,"http.client.request.duration":0.011209,"http.response.size":1893,"rule":1,"decision":"allowed","msg":"GET /api/orders/** 200"}
\`\`\`

The names are those of the semantic conventions of OpenTelemetry, also with \`log.fields: plain\`; \`ecs\` has its own. Fields that do not apply are missing.

| \`plain\`, \`otel\` | \`ecs\` | meaning |
| --- | --- | --- |
${ACCESS_FIELDS.map(([name, { ecs, meaning }]) => `| \`${name}\` | \`${ecs}\` | ${meaning} |`).join('\n')}

Further fields, with the prefix \`bff.\` in \`otel\` and \`ecs\`:

| field | meaning |
| --- | --- |
| \`access\` | \`true\`: distinguishes access lines from others |
| \`kind\` | \`route\`, \`endpoint\`, \`frontend\`, \`websocket\`, \`forward-auth\`, or \`none\` for a request that was refused before |
| \`app\` | id of the app, if there are several |
| \`rule\` | index of the rule that applied, as \`bff-gateway explain\` shows it (\`rules[1]\`) |
| \`target\` | origin of the target that the request was sent to last, of an upstream with several targets |
| \`decision\` | \`allowed\` or \`denied\` by the rules of a route |
| \`session\` | first 12 characters of the digest of the session ID, as in the audit log; only of requests to routes |

\`user.hash\` is a digest of issuer and \`sub\` under the first key of \`secrets.keys\`: one user has one value in all sessions, until the key is rotated. It does not reveal the
\`sub\`. To find the user of a line, look for its \`session\` in the audit log.

The query is never logged, nor the path itself: it may hold IDs and names. \`log.paths: redacted\` adds \`url.path\` with \`*\` in place of every segment that is not a short word in
lower case, such as \`/api/orders/*/line-items\`. A name that is such a word stays: leave the option off if paths have names of persons. Client addresses and
\`User-Agent\` are personal data: restrict access to the log, and keep it no longer than necessary.

Requests to the private listener have no line, nor bytes that are not an HTTP request. A mounted gateway logs the requests that it handles, not those that it passes to the
next handler.

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
| failed requests, with the access log | \`{app="bff-gateway"} \\| json \\| access="true" \\| http_response_status_code>=500\` | \`event.dataset: bff-gateway.access and http.response.status_code >= 500\` |
| slow requests of a route | \`{app="bff-gateway"} \\| json \\| http_route="/api/orders/**" \\| http_server_request_duration>1\` | \`bff.route: "/api/orders/**" and event.duration > 1000000000\` |
| one user | \`{app="bff-gateway"} \\| json \\| user_hash="Zm9vYmFyYmF6"\` | \`user.hash: "Zm9vYmFyYmF6"\` |
| one request | \`{app="bff-gateway"} \\| json \\| requestId="0b0c…"\` | \`http.request.id: "0b0c…"\` |
`;
}
