/** undici as a client of one connection: creates it, and translates its errors and headers. */
import type { Socket } from 'node:net';
import type { buildConnector, Client, Dispatcher } from 'undici';
import { closedEarly, invalidRequest, protocolError, UpstreamFault } from '../http/fault.ts';
import { describeHead, type ResponseHead } from '../http/response-head.ts';

/** The pool closes idle connections; undici accepts no "never". */
const NO_TIMEOUT_MS = 86_400_000;

/** Loaded with the first connection, because most gateways never need it. */
let library: Promise<typeof import('undici')> | undefined;

/** Errors of undici for bytes that are not valid HTTP/1.1; some have a message only. */
const PROTOCOL_CODE = /^(?:HPE_|UND_ERR_(?:HEADERS_OVERFLOW|RES_CONTENT_LENGTH_MISMATCH|NOT_SUPPORTED))/;
/** undici refused to write the request. */
const REQUEST_CODE = 'UND_ERR_INVALID_ARG';
const CLOSED_CODE = /^UND_ERR_(?:SOCKET|INFO|DESTROYED)$/;
const PROTOCOL_MESSAGE = /^bad (?:response|upgrade)$/;
const codeOf = (error: Error) => ('code' in error ? String(error.code) : '');

export interface Progress {
  /** Whether the connection has carried a response before this one. */
  readonly isUsed: boolean;
  /** Whether a byte of this response has arrived. */
  readonly begun: boolean;
  readonly headReceived: boolean;
}

/** Translates an error of undici to the fault that the gateway distinguishes; errors of the system stay as they are. */
export function faultOf(error: Error, { isUsed, begun, headReceived }: Progress): Error {
  if (codeOf(error) === REQUEST_CODE) return invalidRequest(error.message);
  if (PROTOCOL_CODE.test(codeOf(error)) || PROTOCOL_MESSAGE.test(error.message))
    // What cannot begin a response on a used connection belongs to the response before.
    return isUsed && !headReceived
      ? new UpstreamFault('UPSTREAM_STRAY', 'bytes beyond a complete response')
      : protocolError(error.message);
  if (!CLOSED_CODE.test(codeOf(error))) return error;
  return begun ? new UpstreamFault('UPSTREAM_CUT', 'the connection closed inside the response') : closedEarly();
}

/** Names and values in turn, with one character for each byte. */
export function fieldsOf(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  if (!Array.isArray(raw)) return [];
  return raw.map((field) => (typeof field === 'string' ? field : field.toString('latin1')));
}

/** The head of a response. Throws `UpstreamFault` for an invalid framing. */
export function headOf(
  controller: Dispatcher.DispatchController,
  status: number,
  reason: string,
  isHead: boolean,
): ResponseHead {
  return describeHead({ status, reason, isHttp10: false, headers: fieldsOf(controller.rawHeaders) }, isHead);
}

/** Creates the client of one connection, which the pool has opened, will close when it is idle, and replaces. */
export async function openClient(socket: Socket, maxHeaderSize: number): Promise<Client> {
  library ??= import('undici');
  const { Client } = await library;
  const handOver = (callback: buildConnector.Callback) =>
    socket.destroyed ? callback(closedEarly(), null) : callback(null, socket);
  return new Client('http://upstream', {
    // undici ignores a callback that is called before this function returns.
    connect: (_, callback) => queueMicrotask(() => handOver(callback)),
    keepAliveTimeout: NO_TIMEOUT_MS,
    keepAliveMaxTimeout: NO_TIMEOUT_MS,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize,
  });
}
