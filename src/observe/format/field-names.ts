/** Names of log fields: one table from the names that the gateway uses to those of OpenTelemetry and of the Elastic Common Schema. */

/** A scheme of names other than the gateway's own. */
export type FieldScheme = 'otel' | 'ecs';

interface FieldRow {
  readonly otel: string;
  readonly ecs: string;
  readonly meaning: string;
  /** The factor by which Elastic's unit differs. */
  readonly ecsFactor?: number;
}

const same = (name: string, meaning: string): FieldRow => ({ otel: name, ecs: name, meaning });

/** Every field with another name in one of the schemes. A field that is not listed gets the prefix `bff.` there. */
export const FIELD_NAMES = {
  // All lines
  time: { otel: 'timestamp', ecs: '@timestamp', meaning: 'time in UTC' },
  level: { otel: 'severity_text', ecs: 'log.level', meaning: 'level' },
  msg: { otel: 'body', ecs: 'message', meaning: 'message' },
  requestId: { otel: 'bff.request.id', ecs: 'http.request.id', meaning: 'request ID' },
  traceId: { otel: 'trace_id', ecs: 'trace.id', meaning: 'ID of the trace' },
  // Refusals and errors
  errorCode: { otel: 'error.type', ecs: 'error.code', meaning: 'error code' },
  status: same('http.response.status_code', 'status of the response'),
  // Audit lines
  event: { otel: 'event.name', ecs: 'event.action', meaning: 'audit event' },
  clientIp: same('client.address', 'address of the client'),
  sub: same('user.id', '`sub` claim of the user'),
  reason: { otel: 'bff.reason', ecs: 'event.reason', meaning: 'reason' },
  route: { otel: 'http.route', ecs: 'bff.route', meaning: 'path pattern of the route' },
  method: same('http.request.method', 'HTTP method'),
  // Access lines
  'http.request.method': same('http.request.method', 'HTTP method'),
  'http.route': { otel: 'http.route', ecs: 'bff.route', meaning: 'path pattern of the route or the endpoint' },
  'http.response.status_code': same('http.response.status_code', 'status of the response; missing if there was none'),
  'http.server.request.duration': {
    otel: 'http.server.request.duration',
    ecs: 'event.duration',
    ecsFactor: 1e9,
    meaning: 'from the arrival of the request to the end of its response, in seconds (`ecs`: nanoseconds)',
  },
  'http.client.request.duration': {
    otel: 'http.client.request.duration',
    ecs: 'bff.upstream.duration',
    ecsFactor: 1e9,
    meaning: 'from the request to the upstream to the head of its response, in seconds (`ecs`: nanoseconds)',
  },
  'http.request.resend_count': {
    otel: 'http.request.resend_count',
    ecs: 'bff.upstream.resends',
    meaning: 'how often the request was sent again to an upstream with several targets',
  },
  'http.response.size': {
    otel: 'http.response.size',
    ecs: 'http.response.bytes',
    meaning: 'bytes sent to the client, head and framing included; of a WebSocket all bytes',
  },
  'http.request.size': {
    otel: 'http.request.size',
    ecs: 'http.request.bytes',
    meaning: 'bytes received on a WebSocket',
  },
  'http.request.body.size': {
    otel: 'http.request.body.size',
    ecs: 'http.request.body.bytes',
    meaning: '`Content-Length` of the request',
  },
  'error.type': {
    otel: 'error.type',
    ecs: 'error.code',
    meaning: '[error code](errors.md), or `aborted` if the client or the upstream broke off',
  },
  'user.hash': same('user.hash', 'digest of the user'),
  'client.address': same(
    'client.address',
    'address of the client, from forwarded headers only behind `trustedProxies`',
  ),
  'server.address': same('server.address', 'host that the request was sent to'),
  'server.port': same('server.port', 'port that the request was sent to'),
  'url.scheme': same('url.scheme', '`http` or `https`, as the client sent the request'),
  'url.path': same('url.path', 'path with its values redacted, only with `log.paths: redacted`'),
  'user_agent.original': same('user_agent.original', '`User-Agent`, at most 256 characters'),
  'network.protocol.version': {
    otel: 'network.protocol.version',
    ecs: 'http.version',
    meaning: 'version of HTTP',
  },
} as const satisfies Record<string, FieldRow>;

const ROWS: Readonly<Record<string, FieldRow | undefined>> = FIELD_NAMES;

/** Section "Severity Fields" of the OpenTelemetry log data model. */
const SEVERITY_NUMBERS: Readonly<Record<string, number>> = { trace: 1, debug: 5, info: 9, warn: 13, error: 17 };

/** The prefix of the fields of `err`: the error that an operation ended with. */
const ERROR_PREFIX = { otel: 'exception', ecs: 'error' } as const;

/** Fields of Elastic's that do not come from a field of the line. */
const elasticFields = (line: Readonly<Record<string, unknown>>) => ({
  'ecs.version': '8.11.0',
  'service.name': 'bff-gateway',
  'event.dataset': `bff-gateway.${line.audit === true ? 'audit' : line.access === true ? 'access' : 'log'}`,
});

/** The class and the message of an error under names of their own; the rest, such as its causes, stays together. */
function errorFields(error: object, scheme: FieldScheme): Record<string, unknown> {
  const { type, message, ...rest }: { type?: unknown; message?: unknown } = error;
  const prefix = ERROR_PREFIX[scheme];
  return {
    ...(type === undefined ? {} : { [`${prefix}.type`]: type }),
    ...(message === undefined ? {} : { [`${prefix}.message`]: message }),
    ...(Object.keys(rest).length === 0 ? {} : { 'bff.err': rest }),
  };
}

/** Returns the line under the names of a scheme. Audit lines, which have no level, get `info`. */
export function renameFields(line: Readonly<Record<string, unknown>>, scheme: FieldScheme): Record<string, unknown> {
  const { level = 'info', ...fields } = line;
  const severity = String(level);
  const renamed: Record<string, unknown> =
    scheme === 'ecs'
      ? { [FIELD_NAMES.level.ecs]: severity, ...elasticFields(line) }
      : { severity_text: severity.toUpperCase(), severity_number: SEVERITY_NUMBERS[severity] };
  for (const [name, value] of Object.entries(fields)) {
    const row = ROWS[name];
    if (name === 'err' && typeof value === 'object' && value !== null) {
      Object.assign(renamed, errorFields(value, scheme));
    } else if (row === undefined) renamed[name.startsWith('bff.') ? name : `bff.${name}`] = value;
    else
      renamed[row[scheme]] =
        scheme === 'ecs' && row.ecsFactor !== undefined ? Math.round(Number(value) * row.ecsFactor) : value;
  }
  return renamed;
}
