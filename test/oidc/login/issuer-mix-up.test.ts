/** With further issuers of access tokens there is still one that users sign in at, and a code never goes to another. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startBearerWorld } from '../../bearer/world.ts';
import { startProvider } from '../../support/provider.ts';
import { alteringRedirect } from '../../support/provider-lies.ts';
import { CSRF } from '../../support/world.ts';

test('AR-09 an answer that names another trusted issuer is refused, and its code is redeemed nowhere', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const world = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  world.provider.behaviour.authorize = alteringRedirect((params) => params.set('iss', other.issuer));
  await world.browser.navigate('/login');
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  assert.equal(world.provider.calls.token.length + other.calls.token.length, 0);
});

test('AR-09 a code of another issuer in our callback is redeemed at the one that was asked, which does not know it', async (t) => {
  const other = await startProvider();
  t.after(() => other.stop());
  const world = await startBearerWorld(t, {
    accessTokens: { audience: 'orders-api', issuers: [{ issuer: other.issuer }] },
  });
  world.provider.behaviour.authorize = alteringRedirect((params) => params.set('code', 'a-code-of-the-other-issuer'));
  await world.browser.navigate('/login');
  assert.equal((await world.browser.fetch('/session', { headers: CSRF })).json().authenticated, false);
  assert.equal(other.calls.token.length, 0);
});
