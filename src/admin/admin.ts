/** The private listener: liveness, readiness, start-up, metrics, sessions. Never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { problemOf } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { limitBody } from '../edge/request-body.ts';
import type { Logger } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { asGatewayError, logProblem } from '../responses/problem.ts';
import type { PartHealth } from './health.ts';
import type { AdminSessions } from './sessions.ts';

/** What the listener reads of the active gateway. */
interface ObservedGateway {
  /** The state of each part that this instance depends on. */
  health(): Promise<PartHealth[]>;
  /** Whether the first attempt to discover the provider has ended, successfully or not. */
  started(): boolean;
  readonly adminSessions: AdminSessions;
}

export interface AdminParts {
  config: Pick<Config, 'limits'>;
  /** The active gateway. */
  gateway: () => ObservedGateway;
  log: Logger;
  metrics: Pick<Metrics, 'text' | 'setReadiness'>;
  /** Turns readiness off before the instance stops. */
  draining: () => boolean;
}

const DRAINING: PartHealth = { part: 'serving', ready: false, reason: 'draining' };
const SERVING: PartHealth = { part: 'serving', ready: true };

/** The answer to a readiness probe: each part, and the reasons of those that are not ready. */
function readiness(parts: readonly PartHealth[]) {
  const reasons = parts.flatMap((part) => (part.ready ? [] : [`${part.part}: ${part.reason}`]));
  const ready = reasons.length === 0;
  const byName = Object.fromEntries(parts.map(({ part, ...rest }) => [part, rest]));
  return { code: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', reasons, parts: byName } };
}

/** Builds the listener. */
export function createAdminServer({ config, gateway, log, metrics, draining }: AdminParts): Server {
  async function partsNow(): Promise<PartHealth[]> {
    const serving = draining() ? DRAINING : SERVING;
    metrics.setReadiness('serving', serving.ready);
    return [serving, ...(await gateway().health())];
  }

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown) =>
      void res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    switch (req.url) {
      case '/livez':
        return send(200, { status: 'alive' });
      case '/startupz': {
        const started = gateway().started();
        return send(started ? 200 : 503, { status: started ? 'started' : 'starting' });
      }
      case '/readyz': {
        const { code, body } = readiness(await partsNow());
        return send(code, body);
      }
      case '/metrics': {
        // So that the gauges of the parts are those of now, whoever probes.
        await partsNow();
        const { contentType, body } = await metrics.text();
        return void res.writeHead(200, { 'Content-Type': contentType }).end(body);
      }
    }
    const sessions = await gateway().adminSessions.handle(req);
    send(sessions === undefined ? 404 : 200, sessions ?? { status: 'not found' });
  }

  return createServer((req, res) => {
    res.setHeader('Cache-Control', 'no-store');
    const refuse = limitBody(req, res, config.limits.bodyTimeout, (thrown) => {
      const error = asGatewayError(thrown);
      logProblem(log, error);
      if (res.headersSent) return void res.destroy();
      const body = JSON.stringify(problemOf(error, ''));
      res.writeHead(error.status, { 'Content-Type': 'application/problem+json' }).end(body);
    });
    answer(req, res).catch(refuse);
  });
}
