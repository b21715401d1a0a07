/** The page of the audit log, from its closed list of events. */
import { AUDIT_EVENTS, AUDIT_FIELDS } from '../../src/observe/audit-events.ts';

export function auditPage(): string {
  const events = Object.entries(AUDIT_EVENTS).map(
    ([event, { fields, meaning }]) =>
      `| \`${event}\` | ${meaning} | ${fields.map((field) => `\`${field}\``).join(', ') || 'none'} |`,
  );
  const fields = Object.entries(AUDIT_FIELDS).map(([field, meaning]) => `| \`${field}\` | ${meaning} |`);
  return `# Audit log

What happened to whom: one JSON line for each event, in the order in which they happened, whatever \`log.level\` is. Without a setting the lines go to
standard output among those of the log; \`"audit":true\` tells them apart. \`audit: { file: /var/log/bff-gateway/audit.jsonl }\` appends them to a file
of their own, each before the call goes on. After the file was rotated send \`SIGHUP\`: it is opened again by its name.

\`\`\`
{"audit":true,"time":"2026-03-02T09:14:07.312Z","event":"login.succeeded","session":"Qm9yZWRvbUlz","requestId":"0b0c…","clientIp":"203.0.113.7","sub":"248289761001"}
\`\`\`

A line never holds a token, a code, a cookie or a secret, nor the path or the query of a call. It does hold the \`sub\` of users and the address of
clients, which are personal data: keep it no longer than you need it, and let only those read it who may.

Every line has \`audit\` (\`true\`), \`time\` (UTC, RFC 3339 with milliseconds) and \`event\`. The others are text, and left out when there is nothing to say.

| event | what happened | further fields |
| --- | --- | --- |
${events.join('\n')}

| field | what it is |
| --- | --- |
${fields.join('\n')}

Reasons of \`session.ended\`: \`replaced\` (the same browser signed in again), \`backchannel_logout\`, \`frontchannel_logout\`, \`administrator\`, \`user\` (ended
from the list of sessions), \`session_limit\`, \`no_refresh_token\`, \`refresh_invalid\`, or the error of the provider such as \`invalid_grant\`. A session
that lapses by itself ends without a line. New events and fields may be added; those that are here keep their meaning.
`;
}
