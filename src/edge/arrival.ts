/** What is known about a request before any check: its peer, its id and its logger. */
import type { IncomingMessage } from 'node:http';
import type { Config } from '../config/schema/schema.ts';
import type { AccessRecord } from '../observe/access/access-record.ts';
import type { Logger } from '../observe/log.ts';
import type { Span } from '../tracing/span.ts';
import { createPeerReader } from './peer.ts';
import type { RequestContext } from './request-context.ts';
import { createRequestIds } from './request-ids.ts';

/** Enough to log a refusal and to respond to it. */
export type Arrival = Pick<RequestContext, 'req' | 'id' | 'clientIp' | 'secure' | 'log' | 'span' | 'access'>;

/** Identifies the peer and assigns the request id, once per request: further calls return the same arrival. Never throws. */
export type Arrive = (req: IncomingMessage) => ReceivedRequest;

export interface ArriveOptions {
  readonly config: Pick<Config, 'trustedProxies'>;
  readonly log: Logger;
  readonly newId?: () => string;
}

const REQUEST_ID = /^[A-Za-z0-9._-]{8,64}$/;

/** A class with a lazy logger: one is created for every request, and most requests log nothing. */
export class ReceivedRequest implements Arrival {
  readonly req: IncomingMessage;
  readonly id: string;
  readonly clientIp: string;
  readonly secure: boolean;
  /** The span of the request, if it is traced. */
  span: Span | undefined;
  access: AccessRecord | undefined = undefined;
  readonly #parent: Logger;
  #app: string | undefined;
  #log: Logger | undefined;

  constructor(req: IncomingMessage, id: string, clientIp: string, secure: boolean, parent: Logger) {
    this.req = req;
    this.id = id;
    this.clientIp = clientIp;
    this.secure = secure;
    this.span = undefined;
    this.#parent = parent;
  }

  /** Names the app of the request in the log lines that follow. */
  nameApp(id: string): void {
    this.#app = id;
    this.#log = undefined;
    if (this.access) this.access.app = id;
  }

  get log(): Logger {
    this.#log ??= this.#parent.child({
      requestId: this.id,
      ...(this.span?.recording ? { traceId: this.span.traceId } : {}),
      ...(this.#app === undefined ? {} : { app: this.#app }),
    });
    return this.#log;
  }
}

export function createArrive({ config, log, newId = createRequestIds() }: ArriveOptions): Arrive {
  const readPeer = createPeerReader(config.trustedProxies);
  const arrivals = new WeakMap<IncomingMessage, ReceivedRequest>();

  return function arrive(req) {
    const known = arrivals.get(req);
    if (known) return known;
    const { clientIp, secure, trusted } = readPeer(req);
    const header = req.headers['x-request-id'];
    const id = trusted && typeof header === 'string' && REQUEST_ID.test(header) ? header : newId();
    const arrival = new ReceivedRequest(req, id, clientIp, secure, log);
    arrivals.set(req, arrival);
    return arrival;
  };
}
