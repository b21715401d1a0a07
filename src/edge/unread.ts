/** Refuses a request whose body somebody has read already. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../errors.ts';

/** Bodies are streamed, so whoever mounts the gateway behind a parser of bodies has nothing left to send on. */
export function requireUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return;
  const detail = 'the body was read before the gateway got the request: mount the gateway before any body parser';
  throw new GatewayError('internal', { detail });
}
