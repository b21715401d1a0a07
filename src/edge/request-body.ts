/** Bounds how long a request body may keep a connection open: while the gateway waits for it, and after the response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../base/errors.ts';

/** Default time for which the rest of a body is read and discarded after the response. */
const LINGER_MS = 5_000;
/** How long the 408 may take to be sent before the connection is closed. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Returns whether the request has a body (RFC 9112 section 6.3). */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

function closeIfIncomplete(req: IncomingMessage): void {
  if (!req.complete) req.socket.destroy();
}

/**
 * Reads and discards the rest of the body of a request whose response was sent before its body had arrived, for at most `ms`
 * milliseconds. Closing at once would reset the connection, and the client might never see the response; without a limit, a
 * slow client could keep the connection open forever.
 */
export function discardRest(req: IncomingMessage, ms = LINGER_MS): void {
  if (req.complete || req.destroyed || !hasBody(req)) return;
  const timer = setTimeout(closeIfIncomplete, ms, req).unref();
  req.once('close', () => clearTimeout(timer));
  req.resume();
}

/**
 * Limits the time for the whole body to `ms` milliseconds, whether or not anything reads it. After that, a request without a
 * response is refused with 408, and the connection closes in any case (RFC 9110 section 15.5.9). Returns the `refuse` to use
 * from then on: it ignores errors that the deadline itself causes, such as a body parser that finds the connection closed.
 */
export function limitBody(
  req: IncomingMessage,
  res: ServerResponse,
  ms: number,
  refuse: (error: unknown) => void,
): (error: unknown) => void {
  if (!hasBody(req)) return refuse;
  let expired = false;
  let timer = setTimeout(() => {
    if (req.complete) return;
    expired = true;
    if (res.headersSent) return closeIfIncomplete(req);
    res.shouldKeepAlive = false;
    refuse(new GatewayError('request_timeout', { detail: `the body did not arrive within ${ms} ms` }));
    timer = setTimeout(closeIfIncomplete, CLOSE_TIMEOUT_MS, req).unref();
  }, ms).unref();
  req.once('close', () => clearTimeout(timer));
  return (error) => {
    if (!expired) refuse(error);
  };
}
