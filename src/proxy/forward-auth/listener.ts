/** Private listener for forward authentication by front proxies (nginx, Traefik, Caddy, Envoy); never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import { type Arrival, createArrive, type ReceivedRequest } from '../../edge/arrival.ts';
import { checkVersion } from '../../edge/framing.ts';
import { closeIdleConnections, listenerLimits } from '../../edge/idle-connections.ts';
import { inTurn } from '../../edge/in-turn.ts';
import { createRefuseConnect } from '../../edge/refuse-connect.ts';
import { limitBody } from '../../edge/request-body.ts';
import type { AccessLog } from '../../observe/access/access-log.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { Tracing } from '../../observe/tracing/tracing.ts';
import { isTopLevelNavigation } from '../../policy/navigation.ts';
import { asGatewayError, logProblem, renderError } from '../../responses/problem.ts';
import { inRequestSpan, nameRequestSpan } from '../../tracing/request-span.ts';
import { askedFor, readAskedRequest } from './asked-request.ts';
import type { AskedApp, AskedApps } from './choose-app.ts';
import { LOGIN_URL } from './verify.ts';

export interface ForwardAuthParts {
  config: Pick<Config, 'limits' | 'trustedProxies'>;
  /** The applications of the active gateway: a reload may replace them. */
  apps: () => AskedApps<AskedApp>;
  log: Logger;
  /** The access log of the active gateway. */
  accessLog?: () => AccessLog | undefined;
  metrics?: Pick<Metrics, 'countError'>;
  /** The tracing of the active gateway. */
  tracing?: () => Tracing | undefined;
}

/** The application that a front proxy asks about, and the address, once it is known to be one of the application. */
interface Asked {
  app: AskedApp | undefined;
  address?: string;
}

const loginUrlOf = ({ config }: AskedApp) => config.publicUrl + endpointPaths(config.endpoints).login;

/** Creates the function that responds to a front proxy with a refusal, or with the redirect that takes its place. */
function createRefuse({ metrics }: ForwardAuthParts) {
  /** A proxy that asks for redirects hands refusals to the browser: a person who opens an address gets a page. */
  const isForPerson = (req: IncomingMessage, app: AskedApp) =>
    askedFor(req) === 'redirect' &&
    isTopLevelNavigation(req.headers, 'GET', app.config.csrf.header) &&
    /text\/html/i.test(req.headers.accept ?? '');

  return function refuse(
    res: ServerResponse,
    { id, log, span, access }: Arrival,
    thrown: unknown,
    { app, address }: Asked,
  ): void {
    const error = asGatewayError(thrown);
    if (access) access.errorCode = error.code;
    const location = error.headers[LOGIN_URL];
    if (location !== undefined && askedFor(res.req) === 'redirect') {
      const headers = { location, 'referrer-policy': 'no-referrer', 'content-length': '0' };
      res.writeHead(303, { ...headers, 'cache-control': 'no-store', 'x-request-id': id }).end();
      return;
    }
    // The id and logger of this arrival, so that the audit event, the log line and the response share one request id.
    logProblem(log, error);
    metrics?.countError(error.code);
    span?.setAttribute('bff.error.code', error.code);
    // Without an application there is no sign-in that a page could lead to.
    const pages = app !== undefined && isForPerson(res.req, app) ? app.pages : undefined;
    const loginUrl = app === undefined ? '' : loginUrlOf(app);
    renderError(res, error, { requestId: id, pages, loginUrl, sameUrl: address, hsts: undefined });
  };
}

/** Creates the listener. Its responses may contain access tokens, so it must listen on a private address. */
export function createForwardAuthServer(parts: ForwardAuthParts): Server {
  const { config, apps, log, tracing } = parts;
  const arrive = createArrive({ config, log });
  const refuse = createRefuse(parts);

  async function handle(req: IncomingMessage, res: ServerResponse, arrival: ReceivedRequest, asked: Asked) {
    const { only, choose } = apps();
    asked.app = only;
    checkVersion(req);
    const { method, target: rawTarget, hosts } = readAskedRequest(req);
    const { app, origin, target } = choose(hosts, rawTarget);
    asked.app = app;
    asked.address = origin + target.raw;
    if (only === undefined) arrival.nameApp(app.config.app.id);
    const original: IncomingMessage = Object.create(req, { method: { value: method }, url: { value: rawTarget } });
    if (arrival.access) arrival.access.method = method;
    arrival.access?.accept({ target }, new URL(origin).host);
    const headers = await app.verify({ ...arrival, log: arrival.log, req: original, target }, origin);
    res.writeHead(200, { ...headers, 'cache-control': 'no-store', 'x-request-id': arrival.id }).end();
  }

  const respond = inTurn((req, res) => {
    const arrival = arrive(req);
    parts.accessLog?.()?.watchResponse(arrival, res, 'forward-auth');
    const asked: Asked = { app: undefined };
    const fail = limitBody(req, res, config.limits.bodyTimeout, (thrown) => refuse(res, arrival, thrown, asked));
    const span = tracing?.()?.startRequest(arrival);
    inRequestSpan(arrival, span, res, () => void handle(req, res, arrival, asked).catch(fail));
    nameRequestSpan(arrival, 'forward-auth');
  });
  const server = closeIdleConnections(createServer(listenerLimits(config.limits), respond));
  return server.on('connect', createRefuseConnect(log)).on('checkExpectation', respond);
}
