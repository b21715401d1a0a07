/** Mix-up protection: with further issuers of access tokens, users still sign in at one, and a code never goes to another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBearerWorld } from '../../bearer/world.ts';
import { startProvider } from '../../support/provider.ts';
import { alteringRedirect } from '../../support/provider-faults.ts';
import { CSRF } from '../../support/world.ts';

test('AR-09 a callback that names another trusted issuer is rejected, and its code is redeemed nowhere', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const world = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  world.provider.behaviour.authorize = alteringRedirect((params) => params.set('iss', other.issuer));
  await world.browser.navigate('/login');
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  assert.equal(world.provider.requests.token.length + other.requests.token.length, 0);
});

test('AR-09 a code of another issuer is redeemed only at the issuer of the sign-in, which rejects it', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const world = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  world.provider.behaviour.authorize = alteringRedirect((params) => params.set('code', 'a-code-of-the-other-issuer'));
  await world.browser.navigate('/login');
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  assert.equal(other.requests.token.length, 0);
});
