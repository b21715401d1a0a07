/** Step-up at Keycloak: a call that needs `gold` leads to a one-time password, once, and then passes. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { call, signIn } from './support/steps.ts';
import { startWorld } from './support/world.ts';

const world = await startWorld({
  name: 'step-up',
  attributes: { 'access.token.lifespan': '300' },
  routes: (upstream) => [
    { path: '/api/payments/**', upstream, rules: [{ token: 'user', acr: 'gold' }] },
    { path: '/api/**', upstream },
  ],
});
const { browser, publicUrl } = world;

/** RFC 6238 with the secret of alice in the realm. */
function oneTimePassword(): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000)));
  const hash = createHmac('sha1', 'alice-totp-secret-01').update(counter).digest();
  const offset = (hash.at(-1) ?? 0) & 0xf;
  return String((hash.readUInt32BE(offset) & 0x7f_ff_ff_ff) % 1_000_000).padStart(6, '0');
}

browser.test('RS-08 the answer names the way; after the one-time password the call passes', async (page) => {
  await signIn(page, world);
  assert.equal((await call(page, '/api/orders')).status, 200);
  const refused = await call(page, '/api/payments/1');
  assert.deepEqual([refused.status, refused.body.code], [401, 'step_up_required']);
  await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
  await page.fill('#otp', oneTimePassword());
  await page.click('#kc-login');
  await page.waitForURL(`${publicUrl}/`);
  assert.equal((await call(page, '/api/payments/1')).status, 200);
  assert.equal((await call(page, '/session')).body.acr, 'gold');
});

browser.test('RS-08 whoever turns back has the session as it was', async (page) => {
  await signIn(page, world);
  const refused = await call(page, '/api/payments/1');
  await page.goto(`${publicUrl}${String(refused.body.loginUrl)}&returnTo=/`);
  await page.waitForSelector('#otp');
  await page.goto(publicUrl);
  assert.equal((await call(page, '/api/orders')).status, 200);
  assert.equal((await call(page, '/api/payments/1')).status, 401);
});
