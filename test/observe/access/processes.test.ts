/** Access log of a gateway as a process: every worker writes its lines, at any level, in every form; a reload switches it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';
import { accessLines } from './access-lines.ts';

async function start(t: TestContext, log: ConfigInput['log'], workers = 1) {
  const [provider, upstream] = [await startProvider(), await startUpstream()];
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  const routes = [{ path: '/api/**', upstream: upstream.origin, rules: [{ token: 'none' as const }] }];
  const gateway = await startProcess(t, { provider, config: { log, routes, workers } });
  const get = async () => {
    const response = await fetch(`${gateway.ownUrl}/api/x?canary`, { headers: { connection: 'close' } });
    assert.equal(response.status, 200);
    await response.text();
    return response.headers.get('x-request-id') ?? '';
  };
  return {
    gateway,
    get,
    configure: (changed: ConfigInput['log']) => gateway.configure({ log: changed, routes, workers }),
  };
}

test('workers write access lines at log.level: silent, each whole; a reload switches them off and on', async (t) => {
  const { gateway, get, configure } = await start(t, { level: 'silent', access: 'all' }, 2);
  const ids = await Promise.all(Array.from({ length: 20 }, get));
  await until(() => ids.every((id) => accessLines(gateway.output()).some(({ requestId }) => requestId === id)));
  configure({ level: 'silent' });
  gateway.signal('SIGHUP');
  const isLogged = (id: string) => accessLines(gateway.output()).some(({ requestId }) => requestId === id);
  const audited = () => gateway.output().split('config.reloaded').length - 1;
  await until(() => audited() === 1);
  // A worker may apply the change a moment after the audit line.
  await until(async () => {
    const ids = await Promise.all(Array.from({ length: 10 }, get));
    return until(() => ids.every(isLogged), { timeout: 500 }).then(
      () => false,
      () => !ids.some(isLogged),
    );
  });
  configure({ level: 'silent', access: 'all' });
  gateway.signal('SIGHUP');
  await until(() => audited() === 2);
  await until(async () => {
    const id = await get();
    return until(() => isLogged(id), { timeout: 1_000 }).catch(() => false);
  });
});

test('access lines in the names of ECS and of OpenTelemetry, and for people', async (t) => {
  const lineWith = async (log: ConfigInput['log']) => {
    const { gateway, get } = await start(t, { access: 'all', ...log });
    const id = await get();
    const line = await until(() =>
      gateway
        .output()
        .split('\n')
        .find((text) => text.includes(id)),
    );
    assert.doesNotMatch(line, /canary/);
    return line;
  };
  const ecs = JSON.parse(await lineWith({ fields: 'ecs' }));
  assert.equal(ecs['event.dataset'], 'bff-gateway.access');
  assert.equal(ecs['http.request.method'], 'GET');
  assert.equal(ecs['bff.route'], '/api/**');
  assert.equal(ecs['http.response.status_code'], 200);
  assert.ok(Number.isInteger(ecs['event.duration']) && ecs['event.duration'] > 10_000, 'nanoseconds');
  assert.ok(ecs['http.response.bytes'] > 100);
  assert.equal(ecs['bff.decision'], 'allowed');
  const otel = JSON.parse(await lineWith({ fields: 'otel' }));
  assert.equal(otel['http.route'], '/api/**');
  assert.equal(otel.severity_text, 'INFO');
  assert.equal(otel['bff.kind'], 'route');
  assert.ok(otel['http.server.request.duration'] < 60);
  const pretty = await lineWith({ format: 'pretty' });
  assert.match(pretty, /^\[[\d:.]+\] INFO: GET \/api\/\*\* 200 \{"kind":"route","requestId":"[0-9a-f]{32}"/);
  assert.doesNotMatch(pretty, /network|server\.address/);
});
