/** Generator of docs/audit.md, from the table of audit events. */
import { AUDIT_EVENTS, AUDIT_FIELDS } from '../../src/observe/audit-events.ts';

export function auditPage(): string {
  const events = Object.entries(AUDIT_EVENTS).map(
    ([event, { fields, meaning }]) =>
      `| \`${event}\` | ${meaning} | ${fields.map((field) => `\`${field}\``).join(', ') || 'none'} |`,
  );
  const fields = Object.entries(AUDIT_FIELDS).map(([field, meaning]) => `| \`${field}\` | ${meaning} |`);
  return `# Audit log

The audit log has one JSON line per event, in the order of the events, independent of \`log.level\`. By default the lines are written to standard
output among the log lines; \`"audit":true\` distinguishes them. \`audit: { file: /var/log/bff-gateway/audit.jsonl }\` appends them to a file instead;
each line is written before the request continues. After rotating the file, send \`SIGHUP\` or \`SIGUSR1\` to reopen it by its name. If
that fails, for example because the new file belongs to another user, the gateway logs the error, writes to the file that is open, and tries again
at the next signal.

On standard output, audit lines have the form and the names of the log ([logs](logs.md): text on a terminal, \`log.format\`, \`log.fields\`). A file has JSON with the names below.

Lines that the file or the reader of standard output does not accept wait in memory, up to 4 MiB. Further lines are dropped and counted in
\`bff_log_lines_dropped_total\`. Requests continue.

\`\`\`
{"audit":true,"time":"2026-03-02T09:14:07.312Z","event":"login.succeeded","session":"Qm9yZWRvbUlz","requestId":"0b0c…","clientIp":"203.0.113.7","sub":"248289761001"}
\`\`\`

A line never contains a token, a code, a cookie or a secret, nor the path or query of a request. It does contain the \`sub\` of users and the addresses
of clients, which are personal data: restrict access to the log, and keep it no longer than necessary.

Every line has \`audit\` (\`true\`), \`time\` (UTC, RFC 3339 with milliseconds) and \`event\`. All other fields are text and present only if they apply.

| event | meaning | further fields |
| --- | --- | --- |
${events.join('\n')}

| field | meaning |
| --- | --- |
${fields.join('\n')}

Reasons of \`session.ended\`: \`replaced\` (the same browser signed in again), \`backchannel_logout\`, \`frontchannel_logout\`, \`administrator\`, \`user\` (ended
from the list of sessions), \`session_limit\`, \`expired\` (not used for \`session.idleTimeout\`, or past \`session.absoluteTimeout\`), \`provider_removed\` (its provider is no longer configured), \`no_refresh_token\`, \`refresh_invalid\`, or an error of the provider such as \`invalid_grant\`. The line
of a session that expired follows some seconds later. New events and fields may be added; existing ones keep their meaning.
`;
}
