/** React hooks and Vue composables outside of a browser: rendered on a server, without a provider, in an effect scope. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createElement, Fragment } from 'react';
import { renderToString } from 'react-dom/server';
import { createSSRApp, defineComponent, effectScope, h } from 'vue';
import { renderToString as renderVue } from 'vue/server-renderer';
import * as react from '../../../packages/client/src/react.ts';
import * as vue from '../../../packages/client/src/vue.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld } from '../../support/world.ts';
import { openTab } from '../page.ts';

async function start(t: TestContext) {
  const world = await startWorld(t);
  await world.signIn();
  const tab = openTab(world.browser, world.gateway.url);
  t.after(() => tab.client.close());
  return { world, tab };
}

function Status() {
  const { status, user } = react.useSession();
  return createElement(
    Fragment,
    null,
    `${status}, ${user?.sub}, ${react.useUser()?.sub}, ${typeof react.useBffFetch()}`,
  );
}

test('React renders `loading` on a server and sends no request', async (t) => {
  const { tab } = await start(t);
  const html = renderToString(createElement(react.BffProvider, { client: tab.client }, createElement(Status)));
  assert.equal(html, 'loading, undefined, undefined, function');
  assert.deepEqual(tab.calls, []);
});

test('React without a provider: the error says what to render', () => {
  assert.throws(() => renderToString(createElement(Status)), /<BffProvider client=\{createClient\(\)\}>/);
});

test('Vue renders `loading` on a server and sends no request', async (t) => {
  const { tab } = await start(t);
  const component = defineComponent(() => {
    const { status } = vue.useSession();
    const user = vue.useUser();
    return () => h('p', `${status.value}, ${user.value?.sub}, ${typeof vue.useBffFetch}`);
  });
  const html = await renderVue(createSSRApp(component).use(vue.createBff(tab.client)));
  assert.equal(html, '<p>loading, undefined, function</p>');
  assert.deepEqual(tab.calls, []);
});

test('Vue in an effect scope, as in a store: it follows the session until the scope ends', async (t) => {
  const { world, tab } = await start(t);
  const scope = effectScope();
  const app = createSSRApp({}).use(vue.createBff(tab.client));
  const used = app.runWithContext(() => scope.run(() => ({ ...vue.useSession(), current: vue.useUser() })));
  assert.ok(used);
  await until(() => used.status.value === 'signed-in');
  assert.deepEqual([used.user.value?.sub, used.current.value?.sub], ['user-alice', 'user-alice']);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  tab.show();
  await until(() => used.status.value === 'ended');
  assert.deepEqual([used.user.value?.sub, used.current.value], ['user-alice', undefined]);
  scope.stop();
  await world.signIn();
  await tab.client.session();
  assert.equal(used.status.value, 'ended');
});

// Last, because Vue keeps the instance whose set-up failed.
test('Vue without the plugin: the error says what to call', async () => {
  const app = createSSRApp({ setup: () => vue.useSession(), render: () => h('p') });
  app.config.warnHandler = () => {};
  await assert.rejects(renderVue(app), /app\.use\(createBff\(createClient\(\)\)\)/);
});
