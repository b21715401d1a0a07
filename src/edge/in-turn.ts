/** Handles the pipelined requests of one connection one after the other, as nginx and HAProxy do. */
import { type IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { joinChunks } from './joined-chunks.ts';
import { createWaitingBytes } from './waiting-bytes.ts';

/** Whether Node's parser took the request for an upgrade, and drops what follows it in the same packet. */
const ignoresUpgrade = ({ headers }: IncomingMessage) =>
  headers.upgrade !== undefined && /upgrade/i.test(headers.connection ?? '');

type Handle<Rest extends unknown[]> = (req: IncomingMessage, res: ServerResponse, ...rest: Rest) => void;

/**
 * Node emits each pipelined request as soon as it is parsed, although its response has to wait for the ones before it (RFC
 * 9112 section 9.3.2). Handled at once, the requests of one connection could occupy every slot of an upstream, and a request
 * behind a response with `Connection: close` would be executed (section 9.6). Such a response has no socket until its turn,
 * and the turn never comes when the connection closes. A request that arrives while the last response is still being sent
 * is ignored as well. So is everything behind a request whose Upgrade is ignored, because its start may be lost.
 */
export function inTurn<Rest extends unknown[]>(handle: Handle<Rest>): Handle<Rest> {
  const waiting = createWaitingBytes();

  return function handleInTurn(req, res, ...rest) {
    const { socket } = req;
    if (socket.writableEnded) return;
    joinChunks(req);
    if (ignoresUpgrade(req)) res.shouldKeepAlive = false;
    if (res.socket) return handle(req, res, ...rest);
    const endWait = waiting.add(req);
    if (!endWait) return;
    res.once('socket', () => {
      endWait();
      if (!socket.writableEnded) handle(req, res, ...rest);
    });
  };
}

/** The response in progress on a connection, also after an upgrade was requested behind it. */
export function responseOn(socket: Duplex): ServerResponse | undefined {
  const response = '_httpMessage' in socket ? socket._httpMessage : undefined;
  return response instanceof ServerResponse ? response : undefined;
}

/**
 * Calls `run` when all earlier requests of the connection have their responses, so that no byte of a response reaches the
 * frames of a WebSocket; never when the connection closes before.
 */
export function afterResponses(socket: Duplex, run: () => void): void {
  if (socket.destroyed || socket.writableEnded) return;
  const response = responseOn(socket);
  if (!response) {
    // Node starts the timeout of idle connections after each response.
    if (socket instanceof Socket) socket.setTimeout(0);
    run();
    return;
  }
  // At the upgrade event, Node removes its own listener, without which a response that waits for the client never continues.
  const onDrain = () => response.emit('drain');
  socket.on('drain', onDrain);
  response.once('close', () => {
    socket.off('drain', onDrain);
    afterResponses(socket, run);
  });
}
