/** How a gateway is mounted in a server of the application: the order of requests, the URL that Express has changed, draining. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { inTurn } from '../edge/in-turn.ts';
import type { Gateway as InnerGateway } from '../gateway/gateway.ts';
import { createDrain, type DrainedRequests } from '../server/listeners/drain.ts';

/** Time for the Close frames of WebSockets that are cut. */
const CUT_DELAY_MS = 100;

/** Drains a server that the gateway is mounted on; `upgraded` are the sockets that Node no longer counts as its connections. */
export async function drainServer(
  server: Server,
  upgraded: ReadonlySet<Duplex>,
  requests: DrainedRequests,
  delay: number,
  timeout: number,
): Promise<void> {
  const timer = setTimeout(
    () => {
      server.closeAllConnections();
      for (const socket of upgraded) socket.destroy();
    },
    delay + timeout + CUT_DELAY_MS,
  );
  await createDrain(server).run(sleep(delay), timeout, requests);
  clearTimeout(timer);
}

export type MountedHandler = (req: IncomingMessage, res: ServerResponse, next?: (error?: unknown) => void) => void;

/** The complete target of a request: Express removes the mount path from `url`, but routes and endpoints are complete paths. */
export const completeUrl = (req: IncomingMessage): string | undefined =>
  'originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : req.url;

export interface MountedHandlerParts {
  active: () => Pick<InnerGateway, 'handle'>;
  watch: (socket: Socket) => void;
  /** Called for a request that a handler of the application gets. */
  attach: (req: IncomingMessage) => void;
}

/** Creates the handler, which passes requests on to the gateway that is active when they arrive. */
export function createMountedHandler({ active, watch, attach }: MountedHandlerParts): MountedHandler {
  return inTurn((req, res, next?: (error?: unknown) => void) => {
    watch(req.socket);
    if (!next) return active().handle(req, res);
    const mountedUrl = req.url;
    const complete = completeUrl(req);
    if (complete !== undefined) req.url = complete;
    active().handle(req, res, () => {
      if (mountedUrl !== undefined) req.url = mountedUrl;
      attach(req);
      next();
    });
  });
}
