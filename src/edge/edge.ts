/** First checks of every request and upgrade: framing, Host, target and peer. A request that passes gets a RequestContext and its app. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import type { AccessRecord } from '../observe/access/access-record.ts';
import type { Logger } from '../observe/log.ts';
import { createFindApps, type ServedApp } from '../routing/find-apps.ts';
import { parseTarget, type RequestTarget } from '../routing/target.ts';
import type { Span } from '../tracing/span.ts';
import type { Arrive, ReceivedRequest } from './arrival.ts';
import { checkFraming, checkVersion, readFramingFields } from './framing.ts';
import type { RequestContext } from './request-context.ts';

/** A request that passed the checks, and the app that it is for. */
export type AppRequest<App> = RequestContext & { readonly app: App };

export interface Edge<App> {
  /** Checks a request or upgrade; throws GatewayError. */
  (req: IncomingMessage): AppRequest<App>;
  readonly arrive: Arrive;
}

export interface EdgeOptions<App> {
  /** The apps that the process serves, the first one first. */
  readonly apps: readonly App[];
  readonly arrive: Arrive;
  /** Path that health checks of load balancers may request with an IP address as Host. */
  readonly probePath?: string;
}

class CheckedRequest<App> implements AppRequest<App> {
  readonly req: IncomingMessage;
  readonly id: string;
  readonly target: RequestTarget;
  readonly app: App;
  readonly clientIp: string;
  readonly secure: boolean;
  readonly access: AccessRecord | undefined;
  readonly #arrival: ReceivedRequest;

  constructor(arrival: ReceivedRequest, target: RequestTarget, app: App) {
    this.#arrival = arrival;
    this.req = arrival.req;
    this.id = arrival.id;
    this.target = target;
    this.app = app;
    this.clientIp = arrival.clientIp;
    this.secure = arrival.secure;
    this.access = arrival.access;
  }

  get log(): Logger {
    return this.#arrival.log;
  }

  get span(): Span | undefined {
    return this.#arrival.span;
  }
}

/** Creates the edge. The same function serves `request` and `upgrade` events: an upgrade is checked like any other request. */
export function createEdge<App extends ServedApp>({ apps, arrive, probePath }: EdgeOptions<App>): Edge<App> {
  const findApps = createFindApps(apps);
  const isNamed = apps.length > 1;

  /** A health check of a load balancer, which sends no cookie, and the address of the instance as Host. */
  const isProbe = ({ url, method, headers }: IncomingMessage) =>
    url !== undefined && url === probePath && (method === 'GET' || method === 'HEAD') && headers.cookie === undefined;

  function edge(req: IncomingMessage): AppRequest<App> {
    const arrival = arrive(req);
    checkVersion(req);
    const fields = readFramingFields(req.rawHeaders);
    checkFraming(req, fields);
    const rawTarget = req.url ?? '';
    const { origin, appOf } = findApps(fields.host, rawTarget, isProbe(req));
    const target = parseTarget(rawTarget, origin);
    const app = appOf(target);
    if (isNamed) arrival.nameApp(app.config.app.id);
    const request = new CheckedRequest(arrival, target, app);
    arrival.access?.accept(request, req.headers.host);
    return request;
  }

  return Object.assign(edge, { arrive });
}

/** Throws when a body parser ran before the gateway: bodies are streamed, so nothing would be left to forward. */
export function assertBodyUnread(req: IncomingMessage): void {
  if (!req.readableDidRead) return;
  const detail = 'the request body was already read: mount the gateway before any body parser';
  throw new GatewayError('internal', { detail });
}
