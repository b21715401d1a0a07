/** First checks of every request and upgrade: framing, Host, target and peer. A request that passes gets a RequestContext. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Logger } from '../observe/log.ts';
import { parseTarget, type RequestTarget } from '../routing/target.ts';
import { checkFraming, checkVersion, readFramingFields } from './framing.ts';
import { createHostCheck } from './host.ts';
import { createPeerReader } from './peer.ts';
import type { RequestContext } from './request-context.ts';
import { createRequestIds } from './request-ids.ts';

/** What is known about a request before any check: enough to log a refusal and to respond to it. */
export type Arrival = Pick<RequestContext, 'req' | 'id' | 'clientIp' | 'secure' | 'log'>;

export interface Edge {
  /** Checks a request or upgrade; throws GatewayError. `arrival` is the result of `arrive` for this request, if any. */
  (req: IncomingMessage, arrival?: Arrival): RequestContext;
  /** Identifies the peer and assigns the request id, once per request: further calls return the same arrival. Never throws. */
  arrive(req: IncomingMessage): Arrival;
}

export interface EdgeOptions {
  readonly config: Pick<Config, 'publicUrl' | 'allowedHosts' | 'trustedProxies'>;
  readonly log: Logger;
  readonly newId?: () => string;
  /** Path that health checks of load balancers may request with an IP address as Host. */
  readonly probePath?: string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** A class with a lazy logger: one is created for every request, and most requests log nothing. */
class ReceivedRequest implements Arrival {
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

class CheckedRequest implements RequestContext {
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

/** Creates the edge. The same function serves `request` and `upgrade` events: an upgrade is checked like any other request. */
export function createEdge({ config, log, newId = createRequestIds(), probePath }: EdgeOptions): Edge {
  const readPeer = createPeerReader(config.trustedProxies);
  const arrivals = new WeakMap<IncomingMessage, Arrival>();
  const checkHost = createHostCheck(config.publicUrl, config.allowedHosts);

  function arrive(req: IncomingMessage): Arrival {
    const known = arrivals.get(req);
    if (known) return known;
    const { clientIp, secure, trusted } = readPeer(req);
    const header = req.headers['x-request-id'];
    const id = trusted && typeof header === 'string' && REQUEST_ID.test(header) ? header : newId();
    const arrival = new ReceivedRequest(req, id, clientIp, secure, log);
    arrivals.set(req, arrival);
    return arrival;
  }

  /** A health check of a load balancer, which sends no cookie, and the address of the instance as Host. */
  const isProbe = ({ url, method, headers }: IncomingMessage) =>
    url !== undefined && url === probePath && (method === 'GET' || method === 'HEAD') && headers.cookie === undefined;

  function edge(req: IncomingMessage, arrival: Arrival = arrive(req)): RequestContext {
    checkVersion(req);
    const fields = readFramingFields(req.rawHeaders);
    checkFraming(req, fields);
    const rawTarget = req.url ?? '';
    checkHost(fields.host, !rawTarget.startsWith('/'), isProbe(req));
    const target = parseTarget(rawTarget, config.publicUrl);
    return new CheckedRequest(arrival, target);
  }

  return Object.assign(edge, { arrive });
}

/** Throws when a body parser ran before the gateway: bodies are streamed, so nothing would be left to forward. */
export function assertBodyUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return;
  const detail = 'the request body was already read: mount the gateway before any body parser';
  throw new GatewayError('internal', { detail });
}
