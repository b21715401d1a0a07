/** The listener for plain HTTP beside a public port with TLS: it sends browsers to https, and serves challenges of ACME. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { canonicalHost } from '../../base/address.ts';
import { GatewayError } from '../../base/errors.ts';
import { listenFailed } from '../../base/system/unlistenable.ts';
import type { Config } from '../../config/schema/schema.ts';
import { checkFraming, checkVersion, readFramingFields } from '../../edge/framing.ts';
import { closeIdleConnections, listenerLimits } from '../../edge/idle-connections.ts';
import { inTurn } from '../../edge/in-turn.ts';
import { createRefuseConnect } from '../../edge/refuse-connect.ts';
import { limitBody } from '../../edge/request-body.ts';
import { createRequestIds } from '../../edge/request-ids.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { asGatewayError, logProblem, renderError } from '../../responses/problem.ts';
import { normalizeAuthority, parseTarget } from '../../routing/target.ts';
import { type Listeners, listenOnManySockets } from '../../tuning/listening-sockets.ts';
import { isChallengePath, readChallenge } from './acme-challenges.ts';
import { createConnectionLimit } from './connection-limit.ts';
import { createDrain, type Drain } from './drain.ts';
import type { DrainingListener } from './public-listener.ts';

export interface RedirectParts {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'countRedirect'>;
  /** The apps that are served, which a reload may change. */
  readonly apps: () => readonly { readonly config: Pick<Config, 'publicUrl'> }[];
}

/** Each connection is closed after its response, so that few are enough. */
export const REDIRECT_CONNECTIONS = 1_000;

const refused = (code: 'bad_request' | 'misdirected', detail: string) => new GatewayError(code, { detail });

/** The value of Host (RFC 9112 section 3.2). Throws GatewayError unless it was sent exactly once and is well-formed. */
function hostOf([value, ...more]: readonly string[]): string {
  if (value === undefined || more.length > 0) throw refused('bad_request', 'no Host field, or several');
  if (!/^(?:\[[0-9a-f:.]+\]|[a-z0-9_-][a-z0-9._-]*)(?::\d{1,5})?$/i.test(value))
    throw refused('bad_request', 'malformed Host');
  return value;
}

/** The public URL with this host, whatever its port. Throws `misdirected` for other hosts: the gateway is no open redirect. */
function originOf(host: string, apps: ReturnType<RedirectParts['apps']>): string {
  const name = canonicalHost(host.replace(/:\d{1,5}$/, ''));
  const found = apps.find(({ config }) => canonicalHost(new URL(config.publicUrl).hostname) === name);
  if (found === undefined) throw refused('misdirected', 'Host is not that of a publicUrl');
  return found.config.publicUrl;
}

/** Sends the content of a challenge. Throws `not_found` if there is none. */
async function sendChallenge(res: ServerResponse, folder: string, path: string): Promise<void> {
  const content = await readChallenge(folder, path);
  if (content === undefined) throw new GatewayError('not_found');
  res.writeHead(200, {
    'content-type': 'application/octet-stream',
    'x-content-type-options': 'nosniff',
    'content-length': String(content.length),
  });
  res.end(res.req.method === 'HEAD' ? undefined : content);
}

function createHandler({ config, metrics, apps }: RedirectParts) {
  const folder = config.listen.redirect?.acmeChallenges;

  return async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const fields = readFramingFields(req.rawHeaders);
    checkVersion(req);
    checkFraming(req, fields);
    const host = hostOf(fields.host);
    const target = parseTarget(req.url ?? '', `http://${normalizeAuthority(host, 'http')}`);
    // A challenge is for a name of the certificate, which may be that of no app.
    if (folder !== undefined && isChallengePath(target.path)) {
      await sendChallenge(res, folder, target.path);
      metrics.countRedirect('challenge');
      return;
    }
    // 308 keeps the method (RFC 9110 section 15.4.9). Not cached: the browser remembers HSTS instead.
    const location = originOf(host, apps()) + target.raw;
    res.writeHead(308, { location, 'content-length': '0' }).end();
    metrics.countRedirect('redirected');
  };
}

/** Creates the server; the caller makes it listen. */
export function createRedirectServer(parts: RedirectParts): Server {
  const { config, log, metrics } = parts;
  const handle = createHandler(parts);
  const newId = createRequestIds();
  const respond = inTurn((req, res) => {
    const requestId = newId();
    res.shouldKeepAlive = false;
    res.setHeader('cache-control', 'no-store').setHeader('x-request-id', requestId);
    const fail = limitBody(req, res, config.limits.bodyTimeout, (thrown) => {
      const error = asGatewayError(thrown);
      logProblem(log.child({ requestId }), error);
      metrics.countRedirect('refused');
      renderError(res, error, { requestId, pages: undefined, loginUrl: '', sameUrl: undefined, hsts: undefined });
    });
    handle(req, res).catch(fail);
  });
  const server = closeIdleConnections(createServer(listenerLimits(config.limits), respond));
  return server.on('connect', createRefuseConnect(log)).on('checkExpectation', respond);
}

/** Opens the listener, if the configuration has one. */
export async function openRedirectListener(parts: RedirectParts): Promise<DrainingListener | undefined> {
  const { limits, trustedProxies, listen } = parts.config;
  if (listen.redirect === undefined) return undefined;
  const { host, port } = listen.redirect;
  const server = createRedirectServer(parts);
  let listeners: Listeners | undefined;
  const drain: Drain = createDrain(server, async () => await listeners?.close());
  const maxConnections = Math.min(limits.connections, REDIRECT_CONNECTIONS);
  listeners = await listenOnManySockets(server, {
    host,
    port,
    maxConnections,
    mayConnect: createConnectionLimit({ limits: { ...limits, connections: maxConnections }, trustedProxies }),
    sockets: 1,
  }).catch(listenFailed({ group: 'listen.redirect', host, port }));
  return { drain: (delayOver, timeout) => drain.run(delayOver, timeout) };
}
