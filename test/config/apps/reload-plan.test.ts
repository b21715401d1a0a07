/** Reload plan of several apps: new and gone apps apply, while origin, path, provider and cookie of each need a restart. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planReload } from '../../../src/config/load/reload-plan.ts';
import { appsOf } from '../../../src/config/schema/apps.ts';
import { load, MAIN, SHARED } from './load-apps.ts';

const SHOP = 'https://shop.example.com';
const app = (id: string, more = '', url = `https://${id}.example.com`) =>
  `  - { id: ${id}, publicUrl: "${url}"${more === '' ? '' : `, ${more}`} }\n`;
const configOf = (...entries: string[]) => load(`${MAIN}apps:\n${entries.join('')}`).config;
const route = (path: string) => `routes: [{ path: ${path}, upstream: "http://a:1" }]`;

/** What applies of a wanted configuration, and the paths that are kept. */
function plan(running: ReturnType<typeof configOf>, wanted: ReturnType<typeof configOf>) {
  const { config, kept } = planReload(running, wanted);
  const apps = Object.fromEntries(appsOf(config).map((each) => [each.app.id, each]));
  return { config, kept, apps };
}

test('new apps, gone apps and changed routes apply', () => {
  const wanted = configOf(app('b', route('/api/**')), app('c'));
  const { config, kept } = plan(configOf(app('a'), app('b')), wanted);
  assert.deepEqual(kept, []);
  assert.deepEqual(config, wanted);
  assert.deepEqual(plan(wanted, load(MAIN).config), {
    config: load(MAIN).config,
    kept: [],
    apps: { main: load(MAIN).config },
  });
});

test('provider and cookie of an app keep their values, with the secret of that provider', () => {
  const more = 'provider: { clientId: other, clientSecret: of-other }, session: { cookie: { name: __Host-x } }';
  const { kept, apps } = plan(configOf(app('a'), app('b')), configOf(app('a', more), app('b', route('/api/**'))));
  assert.deepEqual(kept, ['apps.a.provider.clientId', 'apps.a.session.cookie.name']);
  assert.deepEqual([apps.a?.provider.clientId, apps.a?.provider.clientSecret], ['web', 's3cret']);
  assert.equal(apps.a?.session.cookie.name, undefined);
  assert.equal(apps.b?.routes.length, 1);
});

test('an app with another first client keeps its routes too: its tokens must not go to the upstreams of that client', () => {
  const client = (id: string) => `provider: { clientId: ${id}, clientSecret: of-${id} }`;
  const running = configOf(
    app('a', `${client('one')}, ${route('/one/**')}`),
    app('b', `${client('two')}, ${route('/two/**')}`),
  );
  const swapped = configOf(
    app('a', `${client('two')}, ${route('/two/**')}`),
    app('b', `${client('one')}, ${route('/one/**')}`),
  );
  const { kept, apps } = plan(running, swapped);
  assert.deepEqual(kept, ['apps.a.provider.clientId', 'apps.b.provider.clientId']);
  assert.deepEqual([apps.a?.provider.clientId, apps.a?.routes[0]?.path], ['one', '/one/**']);
  assert.deepEqual([apps.b?.provider.clientId, apps.b?.routes[0]?.path], ['two', '/two/**']);
});

test('an app with another origin or path stays as it is, with all of its options', () => {
  const running = configOf(app('a', `path: /x, ${route('/x/api/**')}`), app('b'));
  const moved = plan(
    running,
    configOf(app('a', `path: /y, ${route('/y/api/**')}`), app('b', '', 'https://b2.example.com')),
  );
  assert.deepEqual(moved.kept, ['apps.a.path', 'apps.b.publicUrl']);
  assert.deepEqual([moved.apps.a?.app.path, moved.apps.a?.routes[0]?.path], ['/x', '/x/api/**']);
  assert.deepEqual(
    [moved.apps.b?.publicUrl, moved.apps.b?.app],
    [running.apps?.[1]?.publicUrl, running.apps?.[1]?.app],
  );
});

test('an app with another id is the same app: its cookie keeps its name', () => {
  const running = configOf(app('a', 'path: /x', SHOP));
  const { kept, apps } = plan(running, configOf(app('b', 'path: /x', SHOP)));
  assert.deepEqual(kept, ['apps.b.session.cookie.name']);
  assert.deepEqual([apps.b?.session.cookie.name, apps.b?.app.tag], ['__Host-bff-a', running.apps?.[0]?.app.tag]);
});

test('what all apps share is compared once and is the same in every app', () => {
  const file = (limits: string) =>
    load(
      `${SHARED}provider: { issuer: "https://id.example.com", clientId: web, clientSecret: s }\nlimits: ${limits}\napps:\n${app('a')}${app('b')}`,
    );
  const running = file('{ connections: 10, loginsPerMinute: 1 }').config;
  const { kept, apps } = plan(running, file('{ connections: 20, loginsPerMinute: 2 }').config);
  assert.deepEqual(kept, ['limits.connections']);
  for (const each of [apps.a, apps.b])
    assert.deepEqual([each?.limits.connections, each?.limits.loginsPerMinute], [10, 2]);
});

test('an app at the place of another one continues it, and the moved one is new', () => {
  const wanted = configOf(app('a', '', 'https://a2.example.com'), app('b', '', 'https://a.example.com'));
  const { config, kept } = plan(configOf(app('a')), wanted);
  assert.deepEqual(kept, []);
  assert.deepEqual(config, wanted);
});

test('an app that stays keeps its place: a new app there has to wait', () => {
  const running = configOf(app('a'));
  for (const entries of [
    [app('a', '', 'https://a2.example.com'), app('b', 'allowedHosts: [a.example.com]')],
    [app('b', 'allowedHosts: [a.example.com]'), app('a', '', 'https://a2.example.com')],
  ]) {
    const { config, kept } = plan(running, configOf(...entries));
    assert.deepEqual(
      appsOf(config).map(({ app: { tag } }) => tag),
      appsOf(running).map(({ app: { tag } }) => tag),
    );
    assert.deepEqual(kept, ['apps.a.publicUrl', 'apps.b']);
  }
});

test('an app that would claim the host of one that stays, stays as well', () => {
  const running = configOf(app('a'), app('b'));
  const wanted = configOf(app('a', 'allowedHosts: [b.example.com]'), app('b', '', 'https://b2.example.com'));
  const { kept, apps } = plan(running, wanted);
  assert.deepEqual(kept, ['apps.b.publicUrl', 'apps.a']);
  assert.deepEqual([apps.a?.allowedHosts, apps.b?.publicUrl], [[], 'https://b.example.com']);
});
