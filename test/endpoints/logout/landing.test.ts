/** The landing page after sign-out: below the prefix by default, and where the provider sends the browser. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import { landingPath } from '../../../src/config/schema/endpoints.ts';
import { findWarnings } from '../../../src/config/warnings/warnings.ts';
import { startWorld } from '../../support/world.ts';

test('E13 with a prefix the default landing is the page of the gateway, which the sign-out names and which exists', async (t) => {
  const world = await startWorld(t, { gateway: { config: { endpoints: { prefix: '/bff' } } } });
  await world.browser.navigate('/bff/login?returnTo=/app');
  const headers = { 'x-csrf': '1' };
  const { logoutUrl } = (await world.browser.fetch('/bff/session', { headers })).json() as { logoutUrl: string };
  const response = await world.browser.fetch(logoutUrl, { headers: { 'sec-fetch-site': 'same-origin' } });
  const location = new URL(String(response.headers.location), world.gateway.url);
  const landing = `${world.gateway.url}/bff/signed-out`;
  assert.equal(location.searchParams.get('post_logout_redirect_uri') ?? location.href, landing);
  assert.equal((await fetch(landing)).status, 200);
});

test('E13 the default follows the prefix, an own landing does not, and no warning follows from the default', () => {
  const configOf = (more: object) =>
    parseConfig({
      publicUrl: 'https://shop.example.com',
      trustedProxies: ['10.0.0.1'],
      secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
      provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
      ...more,
    });
  const prefixed = configOf({ endpoints: { prefix: '/a/b' } });
  assert.equal(landingPath(prefixed), '/a/b/signed-out');
  assert.deepEqual(findWarnings({ config: prefixed, secretFiles: [] }), []);
  assert.equal(landingPath(configOf({})), '/signed-out');
  assert.equal(landingPath(configOf({ endpoints: { prefix: '/a' }, logout: { landing: '/bye' } })), '/bye');
});
