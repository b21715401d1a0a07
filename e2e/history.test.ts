/** Back button, address bar and Referer: neither a code nor another user's data stays behind. */
import assert from 'node:assert/strict';
import { followLink } from '../test/support/follow-link.ts';
import { apiRequest, signIn, signOut } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({ name: 'history' });
const { browser, publicUrl } = world;

browser.test('HC-04 no code stays in address bar, history or Referer', async (page, context) => {
  const referers: string[] = [];
  page.on('request', (request) => {
    referers.push(request.headers().referer ?? '');
  });
  await page.goto(publicUrl);
  await signIn(page, world, '/home');
  await apiRequest(page, '/api/orders');
  const session = await context.newCDPSession(page);
  const { entries } = await session.send('Page.getNavigationHistory');
  const own = entries.map(({ url }) => url).filter((url) => url.startsWith(publicUrl));
  assert.ok(own.includes(`${publicUrl}/home`));
  for (const url of [...own, ...referers]) assert.doesNotMatch(url, /[?&](code|state)=/);
});

browser.test(
  'Back after sign-in, through the page of the provider that redirects at once, does no harm',
  async (page) => {
    await page.goto(publicUrl);
    await signIn(page, world, '/home');
    // Keycloak has a session and redirects to the callback, with a sign-in that is already complete.
    // The callback completes nothing a second time and leads back to the page that the user came from.
    const repeated = page.waitForResponse((response) => response.url().startsWith(`${publicUrl}/callback?`));
    await page.goBack();
    assert.ok(await repeated);
    await page.waitForURL(`${publicUrl}/home`);
    await page.getByText('alice').waitFor();
    assert.equal((await apiRequest(page, '/api/orders')).status, 200);
  },
);

browser.test('HC-01 Back after sign-out shows no data of the previous user', async (page) => {
  await signIn(page, world);
  // A link of the app: a sign-in never returns to a route.
  await Promise.all([page.waitForURL(`${publicUrl}/page/home`), followLink(page, '/page/home')]);
  assert.equal(await page.textContent('h1'), 'alice');
  await signOut(page, world);
  // Back passes Keycloak's end-session page; repeat until the page with the data is reached again.
  for (let step = 0; step < 5 && page.url() !== `${publicUrl}/page/home`; step++) await page.goBack();
  assert.equal(page.url(), `${publicUrl}/page/home`);
  assert.doesNotMatch(await page.content(), /alice/);
});
