/** Event streams and WebSockets through the gateway: open with the session, closed with it. */
import assert from 'node:assert/strict';
import { signIn, signOut, until } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'streams' });
const { api, browser, publicUrl } = world;

const OPEN = `(async () => {
  globalThis.state = {};
  const socket = new WebSocket('/api/stream');
  socket.onclose = ({ code }) => { state.socket = 'closed'; };
  const echo = new Promise((resolve) => { socket.onmessage = ({ data }) => resolve(data); });
  socket.onopen = () => socket.send('hi');
  const events = new EventSource('/api/events');
  events.onerror = () => { state.events = 'closed'; events.close(); };
  const first = new Promise((resolve) => { events.onmessage = ({ data }) => resolve(data); });
  return [await echo, await first];
})()`;

browser.test(
  'R40 R42 R43 CS-07 a WebSocket and an event stream work, carry the token, and close at sign-out',
  async (page, context) => {
    await signIn(page, world);
    assert.deepEqual(await page.evaluate(OPEN), ['echo hi', 'hello']);
    for (const path of ['/api/stream', '/api/events'])
      assert.ok(api.lastRequest(path).claims, `${path} got a valid token`);
    assert.equal(api.openStreams(), 2);

    const other = await context.newPage();
    await other.goto(publicUrl);
    await signOut(other, world);
    await until('both streams are closed at the API', () => api.openStreams() === 0, 2);
    await until(
      'both streams are closed in the browser',
      async () =>
        (await page.evaluate('JSON.stringify(state)')) === '{"socket":"closed","events":"closed"}' ||
        (await page.evaluate('state.socket === state.events && state.socket')) === 'closed',
      2,
    );
  },
);

browser.test('R40 without a session there is no WebSocket', async (page) => {
  await page.goto(publicUrl);
  const before = api.requests.length;
  const outcome = await page.evaluate(`new Promise((resolve) => {
    const socket = new WebSocket('/api/stream');
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  })`);
  assert.equal(outcome, 'refused');
  assert.equal(api.requests.length, before);
});
