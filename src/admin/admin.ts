/** Private listener: liveness, readiness, start-up, metrics and sessions, never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { problemOf } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { checkVersion } from '../edge/framing.ts';
import { closeIdleConnections, listenerLimits } from '../edge/idle-connections.ts';
import { inTurn } from '../edge/in-turn.ts';
import { createRefuseConnect } from '../edge/refuse-connect.ts';
import { limitBody } from '../edge/request-body.ts';
import { createRequestIds } from '../edge/request-ids.ts';
import { limitUnread } from '../edge/unread-response.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { asGatewayError, logProblem } from '../responses/problem.ts';
import type { PartHealth } from './health.ts';
import { createAdminHostCheck } from './host.ts';
import { createRevocationJobs } from './revocation-jobs.ts';
import type { AdminSessions } from './sessions.ts';
import { type AppUpstream, availabilityOf } from './upstreams.ts';

/** What the listener reads of the active gateway. */
export interface ObservedGateway {
  /** The state of each part that this instance depends on. */
  health(): Promise<PartHealth[]>;
  /** Whether the first attempt to discover the provider has ended, successfully or not. */
  started(): boolean;
  readonly adminSessions: Pick<AdminSessions, 'handle' | 'authorize'>;
  /** What this process knows of the upstreams. */
  upstreams(): AppUpstream[];
}

/** Responds to the paths of the operator page; resolves to false for any other path. */
export type OperatorPage = (
  req: IncomingMessage,
  res: ServerResponse,
  checkParts: () => Promise<PartHealth[]>,
) => Promise<boolean>;

export interface AdminParts {
  config: Pick<Config, 'limits' | 'publicUrl' | 'allowedHosts' | 'admin'>;
  /** The active gateway. */
  gateway: () => ObservedGateway;
  log: Logger;
  metrics: Pick<Metrics, 'text' | 'setReadiness'>;
  /** What the processes that serve the requests know of the upstreams; this process by default. */
  upstreams?: () => Promise<AppUpstream[]>;
  /** Whether the instance is about to stop and should get no traffic. */
  draining: () => boolean;
  /** The operator page, unless it is off. */
  page?: OperatorPage | undefined;
}

const DRAINING: PartHealth = { part: 'serving', ready: false, reason: 'draining' };
const SERVING: PartHealth = { part: 'serving', ready: true };

/** The response to a readiness probe: each part, and the reasons of those that are not ready. */
function readiness(parts: readonly PartHealth[]) {
  const reasons = parts.flatMap((part) => (part.ready ? [] : [`${part.part}: ${part.reason}`]));
  const ready = reasons.length === 0;
  const byName = Object.fromEntries(parts.map(({ part, ...rest }) => [part, rest]));
  return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', reasons, parts: byName } };
}

function sendJson(res: ServerResponse, status: number, body: unknown, type = 'application/json'): void {
  res.writeHead(status, { 'Content-Type': type }).end(JSON.stringify(body));
}

/** Creates the function that responds to the paths of the listener; it rejects with a GatewayError. */
function createHandler({ config, gateway, log, metrics, draining, page, upstreams }: AdminParts) {
  const checkHost = createAdminHostCheck(config);
  const jobs = createRevocationJobs(log);

  /** Checks all parts and updates their gauges. */
  async function checkParts(): Promise<PartHealth[]> {
    const serving = draining() ? DRAINING : SERVING;
    metrics.setReadiness('serving', serving.ready);
    return [serving, ...(await gateway().health())];
  }

  return async function handle(req: IncomingMessage, res: ServerResponse): Promise<void> {
    checkHost(req.headers.host);
    checkVersion(req);
    switch (req.url) {
      case '/livez':
        return sendJson(res, 200, { status: 'alive' });
      case '/startupz': {
        const started = gateway().started();
        return sendJson(res, started ? 200 : 503, { status: started ? 'started' : 'starting' });
      }
      case '/readyz': {
        const { status, body } = readiness(await checkParts());
        // With workers only their own processes know, and a probe must not wait for them.
        const known = upstreams ? [] : availabilityOf(gateway().upstreams());
        return sendJson(res, status, known.length === 0 ? body : { ...body, upstreams: known });
      }
      case '/upstreams':
        gateway().adminSessions.authorize(req);
        return sendJson(res, 200, { upstreams: (await upstreams?.()) ?? gateway().upstreams() });
      case '/metrics': {
        // The gauges of the parts must be current even if nothing probes readiness.
        await checkParts();
        const { contentType, body } = await metrics.text();
        return void res.writeHead(200, { 'Content-Type': contentType }).end(body);
      }
    }
    if (await page?.(req, res, checkParts)) return;
    const response = await gateway().adminSessions.handle(req, jobs);
    if (response?.location !== undefined) res.setHeader('Location', response.location);
    sendJson(res, response?.status ?? 404, response?.body ?? { status: 'not found' });
  };
}

/** Creates the server; the caller makes it listen. */
export function createAdminServer(parts: AdminParts): Server {
  const { config, log } = parts;
  const handle = createHandler(parts);
  const newId = createRequestIds();
  const respond = inTurn((req, res) => {
    const id = newId();
    res.setHeader('Cache-Control', 'no-store');
    limitUnread(res, config.limits.sendTimeout);
    res.setHeader('X-Request-Id', id);
    const fail = limitBody(req, res, config.limits.bodyTimeout, (thrown) => {
      const error = asGatewayError(thrown);
      logProblem(log.child({ requestId: id }), error);
      if (res.headersSent) return void res.destroy();
      for (const [name, value] of Object.entries(error.headers)) res.setHeader(name, value);
      sendJson(res, error.status, problemOf(error, id), 'application/problem+json');
    });
    handle(req, res).catch(fail);
  });
  const server = closeIdleConnections(createServer(listenerLimits(config.limits), respond));
  return server.on('connect', createRefuseConnect(log)).on('checkExpectation', respond);
}
