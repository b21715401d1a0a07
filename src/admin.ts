/** The private listener: liveness, readiness, metrics, sessions. Never on the public port. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { AdminSessions } from './admin-sessions.ts';
import { problemOf } from './errors.ts';
import type { Gateway } from './gateway.ts';
import type { Logger } from './observe/log.ts';
import { asGatewayError, logProblem } from './problem.ts';

export interface AdminParts {
  gateway: Pick<Gateway, 'notReady'> & { adminSessions: AdminSessions };
  log: Logger;
  /** Turns readiness off before the instance stops. */
  draining: () => boolean;
}

/** Builds the listener. */
export function createAdminServer({ gateway, log, draining }: AdminParts): Server {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });

  async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
    const send = (status: number, body: unknown) =>
      void res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (req.url === '/livez') return send(200, { status: 'alive' });
    if (req.url === '/readyz') {
      const reasons = draining() ? ['draining'] : await gateway.notReady();
      const ready = reasons.length === 0;
      return send(ready ? 200 : 503, { status: ready ? 'ready' : 'not ready', reasons });
    }
    if (req.url === '/metrics')
      return void res.writeHead(200, { 'Content-Type': registry.contentType }).end(await registry.metrics());
    const sessions = await gateway.adminSessions.handle(req);
    send(sessions === undefined ? 404 : 200, sessions ?? { status: 'not found' });
  }

  return createServer((req, res) => {
    res.setHeader('Cache-Control', 'no-store');
    answer(req, res).catch((thrown: unknown) => {
      const error = asGatewayError(thrown);
      logProblem(log, error);
      if (res.headersSent) return void res.destroy();
      const body = JSON.stringify(problemOf(error, ''));
      res.writeHead(error.status, { 'Content-Type': 'application/problem+json' }).end(body);
    });
  });
}
