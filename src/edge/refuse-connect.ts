/** Refuses CONNECT on a private listener: without a response, Node would close the connection (RFC 9110 section 9.3.6). */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { GatewayError } from '../base/errors.ts';
import type { Logger } from '../observe/log.ts';
import { logProblem } from '../responses/problem.ts';
import { renderErrorOnSocket } from '../responses/socket-response.ts';
import { afterResponses } from './in-turn.ts';
import { createRequestIds } from './request-ids.ts';

/** Creates the handler of the `connect` event. */
export function createRefuseConnect(log: Logger, newId = createRequestIds()) {
  return function refuseConnect(_req: IncomingMessage, socket: Duplex): void {
    socket.on('error', () => socket.destroy());
    afterResponses(socket, () => {
      const id = newId();
      const error = new GatewayError('method_not_allowed', { headers: { allow: 'GET, HEAD, POST' } });
      logProblem(log.child({ requestId: id }), error);
      renderErrorOnSocket(socket, error, id);
    });
  };
}
