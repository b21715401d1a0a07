/** The first checks of every request and upgrade: framing, Host, target, peer; what passes is an Exchange. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import { parseTarget, type RequestTarget } from '../routing/target.ts';
import { checkFraming, readFramingFields } from './framing.ts';
import { createHostCheck } from './host.ts';
import { createPeerReader } from './peer.ts';
import type { RequestContext } from './request-context.ts';
import { createRequestIds } from './request-ids.ts';

/** What is known of a request before any check: enough to answer and to log a refusal. */
export type Arrival = Pick<RequestContext, 'req' | 'id' | 'clientIp' | 'secure' | 'log'>;

export interface Edge {
  /** Checks a request, plain or upgrade; throws GatewayError. `arrival` is what `arrive` returned for it, if it was asked. */
  (req: IncomingMessage, arrival?: Arrival): RequestContext;
  /** Never throws. */
  arrive(req: IncomingMessage): Arrival;
}

export interface EdgeOptions {
  readonly config: Pick<Config, 'publicUrl' | 'allowedHosts' | 'trustedProxies'>;
  readonly log: Logger;
  readonly newId?: () => string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** Classes, since two of these are made for every request: most of them log nothing, so the logger is made when it is asked for. */
class Arrived implements Arrival {
  readonly req: IncomingMessage;
  readonly id: string;
  readonly clientIp: string;
  readonly secure: boolean;
  readonly #parent: Logger;
  #log: Logger | undefined;

  constructor(req: IncomingMessage, id: string, clientIp: string, secure: boolean, parent: Logger) {
    this.req = req;
    this.id = id;
    this.clientIp = clientIp;
    this.secure = secure;
    this.#parent = parent;
  }

  get log(): Logger {
    this.#log ??= this.#parent.child({ requestId: this.id });
    return this.#log;
  }
}

class Admitted implements RequestContext {
  readonly req: IncomingMessage;
  readonly id: string;
  readonly target: RequestTarget;
  readonly clientIp: string;
  readonly secure: boolean;
  declare traceparent?: string;
  readonly #arrival: Arrival;

  constructor(arrival: Arrival, target: RequestTarget) {
    this.#arrival = arrival;
    this.req = arrival.req;
    this.id = arrival.id;
    this.target = target;
    this.clientIp = arrival.clientIp;
    this.secure = arrival.secure;
  }

  get log(): Logger {
    return this.#arrival.log;
  }
}

/** Builds the edge. The same function serves `request` and `upgrade` events: an upgrade is checked like any other request. */
export function createEdge({ config, log, newId = createRequestIds() }: EdgeOptions): Edge {
  const readPeer = createPeerReader(config.trustedProxies);
  const checkHost = createHostCheck(config.publicUrl, config.allowedHosts);

  function arrive(req: IncomingMessage): Arrival {
    const { clientIp, secure, trusted } = readPeer(req);
    const named = req.headers['x-request-id'];
    const id = trusted && typeof named === 'string' && REQUEST_ID.test(named) ? named : newId();
    return new Arrived(req, id, clientIp, secure, log);
  }

  function edge(req: IncomingMessage, arrival: Arrival = arrive(req)): RequestContext {
    const head = readFramingFields(req.rawHeaders);
    checkFraming(req, head);
    const rawTarget = req.url ?? '';
    checkHost(head.host, !rawTarget.startsWith('/'));
    const target = parseTarget(rawTarget, config.publicUrl);
    return new Admitted(arrival, target);
  }

  return Object.assign(edge, { arrive });
}

/** Bodies are streamed, so whoever mounts the gateway behind a parser of bodies has nothing left to send on. */
export function assertBodyUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return;
  const detail = 'the body was read before the gateway got the request: mount the gateway before any body parser';
  throw new GatewayError('internal', { detail });
}
