/** Attacks from other sites on a signed-in browser: nothing reaches the API and no user is signed out. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after } from 'node:test';
import { followLink } from '../test/support/follow-link.ts';
import type { Page } from './support/browser.ts';
import { apiRequest, signIn } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'cross-site' });
const { api, browser, publicUrl } = world;

const evil = createServer((_req, res) => res.writeHead(200, { 'content-type': 'text/html' }).end('<body>evil</body>'));
await new Promise<void>((resolve) => evil.listen(0, '127.0.0.1', resolve));
after(() => evil.close());
const address = evil.address();
const port = address !== null && typeof address === 'object' ? address.port : 0;

/** Another site, and a sibling: the same host on another port, whose requests carry Strict cookies. */
const attackers = [
  { who: 'another site', origin: `http://127.0.0.1:${port}` },
  { who: 'a sibling of the same site', origin: `http://localhost:${port}` },
];

/** Runs an attack in a second tab of a signed-in browser, then checks the state of the victim. */
async function attack(page: Page, origin: string, script: string): Promise<unknown> {
  const reached = api.requests.length;
  const tab = await page.context().newPage();
  await tab.goto(origin);
  const result = await tab.evaluate(script);
  await tab.close();
  assert.equal(api.requests.length, reached, 'the API was not reached');
  const still = await apiRequest(page, '/api/orders');
  assert.equal(still.status, 200, 'the session lives');
  return result;
}

/** Adds an element to the page; resolves when it has loaded or failed. */
const element = (tag: string, attributes: Record<string, string>) => `new Promise((resolve) => {
  const node = Object.assign(document.createElement('${tag}'), ${JSON.stringify(attributes)});
  node.onload = node.onerror = resolve;
  document.body.append(node);
}).then(() => true)`;

/** Submits a form into a frame; resolves when the frame has loaded. */
const form = (action: string, enctype: string) => `new Promise((resolve) => {
  document.body.innerHTML = '<iframe name=f></iframe><form method=post target=f action="${action}" enctype="${enctype}"><input name=a value=b></form>';
  document.querySelector('iframe').onload = resolve;
  document.forms[0].submit();
}).then(() => true)`;

/** Sends a request that script may send to any origin; resolves to its outcome. */
const send = (url: string, init: RequestInit) =>
  `fetch('${url}', ${JSON.stringify({ credentials: 'include', ...init })}).then((response) => response.type + response.status, () => 'blocked')`;

for (const { who, origin } of attackers) {
  browser.test(`R18 CS-05 ${who} cannot sign the user out by image, frame, form or prefetch`, async (page) => {
    await signIn(page, world);
    await attack(page, origin, element('img', { src: `${publicUrl}/logout` }));
    await attack(page, origin, element('iframe', { src: `${publicUrl}/logout` }));
    await attack(page, origin, form(`${publicUrl}/logout`, 'application/x-www-form-urlencoded'));
    await attack(page, origin, send(`${publicUrl}/logout`, { method: 'POST', mode: 'no-cors' }));
  });

  browser.test(`R24 ${who} reaches no API by image, form, text/plain body or script`, async (page) => {
    await signIn(page, world);
    const orders = `${publicUrl}/api/orders`;
    await attack(page, origin, element('img', { src: orders }));
    await attack(page, origin, form(orders, 'text/plain'));
    await attack(page, origin, send(orders, { method: 'POST', mode: 'no-cors', body: '{"item":"x"}' }));
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const result = await attack(page, origin, send(orders, { method, headers: { 'X-CSRF': '1' } }));
      assert.equal(result, 'blocked', method);
    }
  });

  browser.test(`CS-07 ${who} opens no WebSocket and no event stream`, async (page) => {
    await signIn(page, world);
    const socket = `new Promise((resolve) => {
      const socket = new WebSocket('${publicUrl.replace('http', 'ws')}/api/stream');
      socket.onopen = () => resolve('open');
      socket.onerror = () => resolve('refused');
    })`;
    assert.equal(await attack(page, origin, socket), 'refused');
    const events = `new Promise((resolve) => {
      const events = new EventSource('${publicUrl}/api/events', { withCredentials: true });
      events.onmessage = () => resolve('open');
      events.onerror = () => resolve('refused');
    })`;
    assert.equal(await attack(page, origin, events), 'refused');
  });
}

browser.test('R18 CS-05 a link on another site to the sign-out address signs no user out', async (page) => {
  await signIn(page, world);
  const tab = await page.context().newPage();
  await tab.goto(attackers[0]?.origin ?? '');
  await Promise.all([tab.waitForURL((url) => url.href.startsWith(publicUrl)), followLink(tab, `${publicUrl}/logout`)]);
  assert.equal((await apiRequest(page, '/api/orders')).status, 200);
});
