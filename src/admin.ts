/** The private listener: liveness, readiness, metrics. Never on the public port. */
import { createServer, type Server } from 'node:http';
import { collectDefaultMetrics, Registry } from 'prom-client';
import type { Gateway } from './gateway.ts';

/** Builds the listener; `draining` turns readiness off before the instance stops. */
export function createAdminServer(gateway: Pick<Gateway, 'notReady'>, draining: () => boolean): Server {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return createServer(async function admin(req, res) {
    res.setHeader('Cache-Control', 'no-store');
    const answer = (status: number, body: unknown) =>
      res.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
    if (req.url === '/livez') return answer(200, { status: 'alive' });
    if (req.url === '/readyz') {
      const reasons = draining() ? ['draining'] : await gateway.notReady();
      return answer(reasons.length === 0 ? 200 : 503, {
        status: reasons.length === 0 ? 'ready' : 'not ready',
        reasons,
      });
    }
    if (req.url === '/metrics')
      return res.writeHead(200, { 'Content-Type': registry.contentType }).end(await registry.metrics());
    return answer(404, { status: 'not found' });
  });
}
