/** Private listener for forward authentication by front proxies (nginx, Traefik, Caddy, Envoy); never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { type Arrival, createEdge } from '../../edge/edge.ts';
import { checkVersion } from '../../edge/framing.ts';
import { closeIdleConnections, listenerLimits } from '../../edge/idle-connections.ts';
import { inTurn } from '../../edge/in-turn.ts';
import { createRefuseConnect } from '../../edge/refuse-connect.ts';
import { limitBody } from '../../edge/request-body.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { Pages } from '../../responses/pages.ts';
import { asGatewayError, logProblem, renderError } from '../../responses/problem.ts';
import { parseTarget } from '../../routing/target.ts';
import type { ForwardedHeaders } from './verify.ts';

const PATH = '/auth/verify';
/** Headers with the original method and target: by convention in nginx, by default in the other proxies. */
const METHOD_HEADERS = ['x-original-method', 'x-forwarded-method'] as const;
const TARGET_HEADERS = ['x-original-uri', 'x-forwarded-uri'] as const;

export interface ForwardAuthParts {
  config: Config;
  verify: (context: RequestContext) => Promise<ForwardedHeaders>;
  pages: Pages;
  log: Logger;
  metrics?: Pick<Metrics, 'countError'>;
}

/** Returns the one value of these headers, undefined when none was sent; throws when they differ. */
function singleValue(req: IncomingMessage, names: readonly string[]): string | undefined {
  const values = new Set(names.map((name) => req.headers[name]).filter((value) => value !== undefined));
  if (values.size > 1) throw new GatewayError('bad_request', { detail: `${names.join(' and ')} disagree` });
  const [value] = values;
  return typeof value === 'string' ? value : undefined;
}

interface OriginalRequest {
  method: string;
  target: string;
}

/** Returns the request to verify. Envoy uses its method and appends its path to ours; the other proxies send both in headers. */
function originalRequest(req: IncomingMessage): OriginalRequest {
  const { url = '', method: ownMethod = '' } = req;
  if (url.startsWith(`${PATH}/`)) return { method: ownMethod, target: url.slice(PATH.length) };
  if (url !== PATH) throw new GatewayError('not_found');
  const method = singleValue(req, METHOD_HEADERS);
  const target = singleValue(req, TARGET_HEADERS);
  // Never guess the method: a rule for another method could admit the request.
  if (method === undefined || target === undefined || !/^[A-Z]{1,32}$/.test(method))
    throw new GatewayError('bad_request', {
      detail: 'X-Original-Method and X-Original-URI, or X-Forwarded-*, are required',
    });
  return { method, target };
}

/** Creates the listener. Its responses may contain access tokens, so it must listen on a private address. */
export function createForwardAuthServer({ config, verify, pages, log, metrics }: ForwardAuthParts): Server {
  const { arrive } = createEdge({ config, log });

  async function handle(req: IncomingMessage, res: ServerResponse, arrival: Arrival): Promise<void> {
    checkVersion(req);
    const { method, target } = originalRequest(req);
    const original: IncomingMessage = Object.create(req, { method: { value: method }, url: { value: target } });
    const headers = await verify({
      ...arrival,
      log: arrival.log,
      req: original,
      target: parseTarget(target, config.publicUrl),
    });
    res.writeHead(200, { ...headers, 'cache-control': 'no-store', 'x-request-id': arrival.id }).end();
  }

  const respond = inTurn((req, res) => {
    const arrival = arrive(req);
    const refuse = limitBody(req, res, config.limits.bodyTimeout, (thrown) => {
      const error = asGatewayError(thrown);
      // The id and logger of this arrival, so that the audit event, the log line and the response share one request id.
      logProblem(arrival.log, error);
      metrics?.countError(error.code);
      renderError(res, error, { requestId: arrival.id, pages, asPage: false, loginUrl: '', hsts: undefined });
    });
    handle(req, res, arrival).catch(refuse);
  });
  const server = closeIdleConnections(createServer(listenerLimits(config.limits), respond));
  return server.on('connect', createRefuseConnect(log)).on('checkExpectation', respond);
}
