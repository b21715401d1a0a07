/** Bounds how long a request body may keep a connection open: while the gateway waits for it, and after the response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../base/errors.ts';

/** Default for how long the rest of a body is read and thrown away after the response. */
const LINGER_MS = 5_000;
/** How long the 408 may take to be sent before the connection is cut all the same. */
const CLOSE_TIMEOUT_MS = 1_000;

/** Whether the request has a body (RFC 9112 section 6.3). */
export function hasBody(req: IncomingMessage): boolean {
  const length = req.headers['content-length'];
  return req.headers['transfer-encoding'] !== undefined || (length !== undefined && Number(length) !== 0);
}

function cut(req: IncomingMessage): void {
  if (!req.complete) req.socket.destroy();
}

/**
 * For a request that was answered while its body was still arriving: reads the rest and throws it away, for `ms`. To
 * close at once would reset the connection, and the client might never see the response; without an end, a client that
 * sends a byte now and then would keep the connection for good.
 */
export function discardRest(req: IncomingMessage, ms = LINGER_MS): void {
  if (req.complete || req.destroyed || !hasBody(req)) return;
  const timer = setTimeout(cut, ms, req).unref();
  req.once('close', () => clearTimeout(timer));
  req.resume();
}

/**
 * Gives the whole body `ms` milliseconds to arrive, however many bytes come in between and whether or not anything reads
 * it. After that a request without a response is refused with 408, and the connection closes either way (RFC 9110 section
 * 15.5.9). Returns the `refuse` to use from then on: it ignores the errors that the deadline itself causes, such as a body
 * parser that finds the connection closed.
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
    if (res.headersSent) return cut(req);
    res.shouldKeepAlive = false;
    refuse(new GatewayError('request_timeout', { detail: `the body did not arrive within ${ms} ms` }));
    timer = setTimeout(cut, CLOSE_TIMEOUT_MS, req).unref();
  }, ms).unref();
  req.once('close', () => clearTimeout(timer));
  return (error) => {
    if (!expired) refuse(error);
  };
}
