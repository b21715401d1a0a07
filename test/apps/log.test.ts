/** Lines of the log and the audit log: they name their app if there are several, and are as before if there is one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { startSeveralApps } from '../support/several-apps.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';
import { appInput, sharedInput, startApps } from './world.ts';

type Line = Record<string, unknown> & { event?: string; app?: string; msg?: string };
const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
const audited = (text: string) => linesOf(text).filter(({ audit }) => audit === true);

test('LG-02 audit lines of several apps name their app; those of the process name none', async (t) => {
  const world = await startSeveralApps(t, { apps: { shop: {} } });
  const { gateway, browserOf, signInAt, admin } = world;
  const browser = await signInAt('shop');
  await browser.fetch('/api/x');
  await browserOf('main').fetch('/api/x', { headers: CSRF });
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await fetch(`${admin}/sessions`, { headers: {} });
  await world.signIn();
  await until(() => gateway.logText().includes('"token.revoked"'));
  const lines = audited(gateway.logText()).map(({ event, app }) => `${event} ${app}`);
  assert.deepEqual(lines.slice(0, 4), [
    'gateway.started undefined',
    'login.started shop',
    'login.succeeded shop',
    'csrf.denied shop',
  ]);
  for (const line of ['logout.succeeded shop', 'token.revoked shop', 'admin.denied undefined', 'login.succeeded main'])
    assert.ok(lines.includes(line), `${line}: ${lines.join(', ')}`);
});

test('LG-02 lines of the background work of an app name it', async (t) => {
  const unreachable = { provider: { issuer: 'http://127.0.0.1:9', clientSecret: 'of-another', timeout: '1s' } };
  const { gateway } = await startSeveralApps(t, { apps: { shop: unreachable } });
  await until(() => gateway.logText().includes('provider discovery failed'));
  const [line] = linesOf(gateway.logText()).filter(({ msg }) => msg?.includes('provider discovery failed'));
  assert.equal(line?.app, 'shop');
});

test('LG-02 one app alone names itself in no line', async (t) => {
  const world = await startWorld(t);
  await world.signIn();
  await world.browser.fetch('/api/x');
  assert.ok(audited(world.gateway.logText()).length > 2);
  assert.ok(linesOf(world.gateway.logText()).every((line) => !('app' in line)));
});

test('LG-02 after a reload that adds an app, the lines of the first one name it too', async (t) => {
  const world = await startApps(t, ['a'], appInput);
  const { app, browser, server, config, port, logText } = world;
  await browser('a').navigate('/login');
  assert.ok(audited(logText()).every((line) => !('app' in line)));
  const shared = { ...sharedInput(port, config.admin.port), secrets: config.secrets };
  const inputs = [appInput(app('a')), { ...appInput(app('a')), id: 'b', publicUrl: 'https://b.test' }];
  await server.reload(() => ({ config: parseConfig({ ...shared, apps: inputs } as never), warnings: [] }));
  await browser('a').navigate('/login');
  assert.equal(audited(logText()).at(-1)?.app, 'a');
});
