/** The private listener for front proxies that ask before they forward (nginx, Traefik, Caddy, Envoy). Never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { type Arrival, createEdge } from '../../edge/edge.ts';
import { limitBody } from '../../edge/request-body.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { Pages } from '../../responses/pages.ts';
import { asGatewayError, logProblem, renderError } from '../../responses/problem.ts';
import { parseTarget } from '../../routing/target.ts';
import type { ForwardedHeaders } from './verify.ts';

const PATH = '/auth/verify';
/** What proxies call the original method and target: nginx by convention, the others by themselves. */
const METHOD_HEADERS = ['x-original-method', 'x-forwarded-method'] as const;
const TARGET_HEADERS = ['x-original-uri', 'x-forwarded-uri'] as const;

export interface ForwardAuthParts {
  config: Config;
  verify: (context: RequestContext) => Promise<ForwardedHeaders>;
  pages: Pages;
  log: Logger;
  metrics?: Pick<Metrics, 'countError'>;
}

/** The one value that these headers agree on; undefined when none was sent. */
function agreed(req: IncomingMessage, names: readonly string[]): string | undefined {
  const values = new Set(names.map((name) => req.headers[name]).filter((value) => value !== undefined));
  if (values.size > 1) throw new GatewayError('bad_request', { detail: `${names.join(' and ')} disagree` });
  const [value] = values;
  return typeof value === 'string' ? value : undefined;
}

interface Original {
  method: string;
  target: string;
}

/** The request that is asked about. Envoy sends its own method and puts the path behind ours; the others say both in headers. */
function originalOf(req: IncomingMessage): Original {
  const { url = '', method: own = '' } = req;
  if (url.startsWith(`${PATH}/`)) return { method: own, target: url.slice(PATH.length) };
  if (url !== PATH) throw new GatewayError('not_found');
  const method = agreed(req, METHOD_HEADERS);
  const target = agreed(req, TARGET_HEADERS);
  // A method that is guessed would open a route for another one.
  if (method === undefined || target === undefined || !/^[A-Z]{1,32}$/.test(method))
    throw new GatewayError('bad_request', {
      detail: 'X-Original-Method and X-Original-URI, or X-Forwarded-*, are needed',
    });
  return { method, target };
}

/** Builds the listener. Whoever reaches it may be handed access tokens, so it belongs on a private address. */
export function createForwardAuthServer({ config, verify, pages, log, metrics }: ForwardAuthParts): Server {
  const { arrive } = createEdge({ config, log });

  async function answer(req: IncomingMessage, res: ServerResponse, arrival: Arrival): Promise<void> {
    const { method, target } = originalOf(req);
    const asked: IncomingMessage = Object.create(req, { method: { value: method }, url: { value: target } });
    const headers = await verify({
      ...arrival,
      log: arrival.log,
      req: asked,
      target: parseTarget(target, config.publicUrl),
    });
    res.writeHead(200, { ...headers, 'cache-control': 'no-store', 'x-request-id': arrival.id }).end();
  }

  return createServer((req, res) => {
    const arrival = arrive(req);
    const refuse = limitBody(req, res, config.limits.bodyTimeout, (thrown) => {
      const error = asGatewayError(thrown);
      // Of the same arrival as the audit line: another one would get an id of its own.
      const { id: requestId, log: own } = arrival;
      logProblem(own, error);
      metrics?.countError(error.code);
      renderError(res, error, { requestId, pages, asPage: false, loginUrl: '', hsts: false });
    });
    answer(req, res, arrival).catch(refuse);
  });
}
