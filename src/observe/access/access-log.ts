/** Access log: one line per finished request, by the names of the semantic conventions of OpenTelemetry, without query and without secrets. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { receivedVersion } from '../../base/system/protocol-version.ts';
import { shortKey } from '../../base/tagged-name.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../log.ts';
import { readTraceparent } from '../tracing/traceparent.ts';
import { type AccessKind, AccessRecord } from './access-record.ts';
import { redactPath } from './redact-path.ts';
import { createSelection } from './select-lines.ts';

/** A request whose line is to be written; it carries its record while it is handled. */
export interface LoggedRequest {
  readonly req: IncomingMessage;
  readonly id: string;
  readonly clientIp: string;
  readonly secure: boolean;
  /** Set if the gateway takes part in its trace. */
  readonly span: { readonly traceId: string } | undefined;
  access: AccessRecord | undefined;
}

export interface AccessLog {
  /** Gives a request its record, and writes its line when the response is closed. */
  watchResponse(request: LoggedRequest, res: ServerResponse, kind?: AccessKind): void;
  /** The same for an upgrade, whose socket it follows to the end. */
  watchUpgrade(request: LoggedRequest, socket: Duplex): void;
}

/** The end of a request. */
interface Outcome {
  readonly status: number | undefined;
  readonly isAborted: boolean;
  readonly bytesSent: number;
  /** Of a WebSocket. */
  readonly bytesReceived?: number;
}

type Fields = Record<string, unknown>;

const MAX_USER_AGENT_LENGTH = 256;
const LENGTH = /^\d{1,15}$/;

/** The trace that the gateway takes part in, or else the one of the client, which it passes on. */
const traceIdOf = ({ span, req }: LoggedRequest) => span?.traceId ?? readTraceparent(req.headers.traceparent)?.traceId;

/** Host and port of an authority that the edge has accepted. */
function serverFields(authority: string | undefined): Fields {
  const [, host, port] = /^(\[[^\]]+\]|[^:]+)(?::(\d+))?$/.exec(authority ?? '') ?? [];
  return {
    'server.address': host?.replace(/^\[|\]$/g, ''),
    'server.port': port === undefined ? undefined : Number(port),
  };
}

/** Without conditions on routes that have none, and for anything else, there is no decision. */
function decisionOf({ route, kind, allowed }: AccessRecord, status: number | undefined): string | undefined {
  if (kind === 'endpoint' || kind === 'frontend' || route === undefined) return undefined;
  if (allowed) return 'allowed';
  return status !== undefined && status >= 400 && status < 500 ? 'denied' : undefined;
}

const seconds = (milliseconds: number) => Math.round(milliseconds * 1000) / 1e6;

/** The fields that say what was requested and by whom. */
function requestFields({ req, id, clientIp, secure }: LoggedRequest, record: AccessRecord): Fields {
  const length = req.headers['content-length'];
  return {
    requestId: id,
    app: record.app,
    'http.request.method': record.method ?? req.method,
    'http.route': record.route,
    'http.request.body.size': length !== undefined && LENGTH.test(length) ? Number(length) : undefined,
    'user.hash': record.user,
    certificate: record.certificate,
    session: record.session === undefined ? undefined : shortKey(record.session),
    'client.address': clientIp === 'unknown' ? undefined : clientIp,
    ...serverFields(record.host),
    'url.scheme': secure ? 'https' : 'http',
    'user_agent.original': req.headers['user-agent']?.slice(0, MAX_USER_AGENT_LENGTH),
    'network.protocol.version': receivedVersion(req),
  };
}

/** The fields that say how the request ended. */
function outcomeFields(record: AccessRecord, outcome: Outcome): Fields {
  const { upstreamTime, errorCode } = record;
  return {
    'http.response.status_code': outcome.status,
    'http.server.request.duration': seconds(performance.now() - record.startedAt),
    'http.client.request.duration': upstreamTime === undefined ? undefined : seconds(upstreamTime),
    'http.request.resend_count': record.resends,
    target: record.target,
    retry: record.retry,
    'http.response.size': outcome.bytesSent,
    'http.request.size': outcome.bytesReceived,
    'error.type': errorCode ?? (outcome.isAborted ? 'aborted' : undefined),
    rule: record.rule,
    limit: record.limit,
    limitLocal: record.limitLocal,
    decision: decisionOf(record, outcome.status),
  };
}

/** Bytes that a socket has sent and received, if they are counted. */
const bytesOf = (socket: Duplex): [sent: number, received: number] =>
  socket instanceof Socket ? [socket.bytesWritten, socket.bytesRead] : [0, 0];

/** Creates the access log; undefined if it is off. `log` writes its lines, at any level of the log. */
export function createAccessLog(settings: Config['log'], log: Logger): AccessLog | undefined {
  const isSelected = createSelection(settings);
  if (!isSelected) return undefined;
  const pathOf = settings.paths === 'redacted' ? redactPath : () => undefined;

  function write(request: LoggedRequest, record: AccessRecord, outcome: Outcome): void {
    if (record.isPassedOn) return;
    const { status, isAborted } = outcome;
    const traceId = traceIdOf(request);
    if (!isSelected?.({ id: traceId ?? request.id, status, isAborted })) return;
    const fields: Fields = {
      access: true,
      kind: record.kind,
      traceId,
      ...requestFields(request, record),
      ...outcomeFields(record, outcome),
    };
    if (record.request) fields['url.path'] = pathOf(record.request.target.path);
    const message = `${fields['http.request.method']} ${record.route ?? record.kind} ${status ?? fields['error.type'] ?? 'aborted'}`;
    if (status !== undefined && status >= 500) log.error(fields, message);
    else if (isAborted) log.warn(fields, message);
    else log.info(fields, message);
  }

  return {
    watchResponse(request, res, kind = 'none') {
      const record = new AccessRecord();
      record.kind = kind;
      request.access = record;
      const { socket } = request.req;
      const sentBefore = socket.bytesWritten;
      res.once('close', () => {
        const status = res.headersSent ? res.statusCode : record.status;
        const isAborted = !res.writableFinished && record.status === undefined && !record.isStream;
        write(request, record, { status, isAborted, bytesSent: socket.bytesWritten - sentBefore });
      });
    },
    watchUpgrade(request, socket) {
      const record = new AccessRecord();
      record.kind = 'websocket';
      request.access = record;
      // The proxy of WebSockets adds as many listeners as Node accepts without a warning.
      socket.setMaxListeners(socket.getMaxListeners() + 1);
      const [sent, received] = bytesOf(socket);
      socket.once('close', () => {
        const { status } = record;
        const [bytesSent, bytesReceived] = [bytesOf(socket)[0] - sent, bytesOf(socket)[1] - received];
        write(request, record, { status, isAborted: status === undefined, bytesSent, bytesReceived });
      });
    },
  };
}
