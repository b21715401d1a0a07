/** Handles the pipelined requests of one connection one after the other, as nginx and HAProxy do. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handle<Rest extends unknown[]> = (req: IncomingMessage, res: ServerResponse, ...rest: Rest) => void;

/** A connection with this many waiting requests is not read until one of them was handled. */
const MAX_WAITING = 32;

/**
 * Node emits each pipelined request as soon as it is parsed, although its response has to wait for the ones before it (RFC
 * 9112 section 9.3.2). Handled at once, the requests of one connection could occupy every slot of an upstream, and a request
 * behind a response with `Connection: close` would be executed (section 9.6). Such a response has no socket until its turn.
 */
export function inTurn<Rest extends unknown[]>(handle: Handle<Rest>): Handle<Rest> {
  const waiting = new WeakMap<Socket, number>();

  return function handleInTurn(req, res, ...rest) {
    if (res.socket) return handle(req, res, ...rest);
    const { socket } = req;
    const count = (waiting.get(socket) ?? 0) + 1;
    waiting.set(socket, count);
    if (count >= MAX_WAITING) socket.pause();
    res.once('socket', () => {
      const left = (waiting.get(socket) ?? 1) - 1;
      waiting.set(socket, left);
      if (left === MAX_WAITING - 1) socket.resume();
      handle(req, res, ...rest);
    });
  };
}
