/** Rules over the identity of the user: claims of the ID token and UserInfo, which the access token need not have. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { startProcess } from '../support/process.ts';
import type { Provider } from '../support/provider.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

type Claims = Record<string, unknown>;
type ProviderInput = Partial<NonNullable<ConfigInput['provider']>>;

const rule = (
  identity: NonNullable<NonNullable<NonNullable<ConfigInput['routes']>[number]['rules']>[number]['identity']>,
) => ({
  token: 'user' as const,
  identity,
});
const OF_STAFF = rule({ email: { matches: '[^@]+@staff[.]example' } });

/** Sets the claims of the ID token and of UserInfo. */
function identify(provider: Provider, idToken: Claims, userInfo?: Claims): void {
  provider.behaviour.idToken = (draft) => {
    const { email: _, email_verified: __, ...others } = draft.claims;
    return { ...draft, claims: { ...others, ...idToken } };
  };
  provider.behaviour.userinfo = async (_request, proceed) => {
    const response = await proceed();
    const { email: _, email_verified: __, ...others } = response.json ?? {};
    return { ...response, json: { ...others, ...userInfo } };
  };
}

async function startRules(t: Parameters<typeof startWorld>[0], rules: object[], providerConfig: ProviderInput = {}) {
  const world = await startWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules } as NonNullable<ConfigInput['routes']>[number]],
    gateway: { providerConfig },
  });
  const statusOf = async (idToken: Claims, userInfo?: Claims) => {
    identify(world.provider, idToken, userInfo);
    const browser = world.gateway.browser();
    await browser.navigate('/login?returnTo=/app');
    const response = await browser.fetch('/api/x', { headers: CSRF });
    return [response.status, response.status === 403 ? response.json().reason : undefined];
  };
  return { ...world, statusOf };
}
const ADMITTED = [200, undefined];
const DENIED = [403, 'identity'];

test('PV-09 a rule over email admits verified addresses alone', async (t) => {
  const { statusOf } = await startRules(t, [OF_STAFF]);
  assert.deepEqual(await statusOf({ email: 'ann@staff.example', email_verified: true }), ADMITTED);
  for (const claims of [
    { email: 'ann@staff.example', email_verified: false },
    { email: 'ann@staff.example' },
    { email: 'ann@staff.example', email_verified: 'true' },
    { email: 'ann@other.example', email_verified: true },
    { email_verified: true },
  ])
    assert.deepEqual(await statusOf(claims), DENIED, JSON.stringify(claims));
});

test('PV-09 with trustEmail an address needs no verification', async (t) => {
  const { statusOf } = await startRules(t, [OF_STAFF], { trustEmail: true });
  assert.deepEqual(await statusOf({ email: 'ann@staff.example' }), ADMITTED);
  assert.deepEqual(await statusOf({ email: 'ann@other.example', email_verified: true }), DENIED);
});

test('PV-09 UserInfo stands over the ID token, and the verification counts for the address beside it', async (t) => {
  const { statusOf } = await startRules(t, [OF_STAFF], { userInfo: true });
  const own = { email: 'ann@other.example', email_verified: true };
  const staff = 'ann@staff.example';
  assert.deepEqual(await statusOf(own, { email: staff, email_verified: true }), ADMITTED);
  assert.deepEqual(await statusOf(own, { email: staff }), DENIED);
  assert.deepEqual(await statusOf({ email: staff, email_verified: true }, {}), ADMITTED);
  assert.deepEqual(await statusOf({ email: staff, email_verified: true }, { email: 'ann@other.example' }), DENIED);
  assert.deepEqual(await statusOf({ email: staff, email_verified: false }, { email_verified: true }), DENIED);
  assert.deepEqual(await statusOf({ email: staff }, { email_verified: true }), DENIED);
});

test('rules over identity read nested claims and lists, need no accessTokens, and a further rule may admit others', async (t) => {
  const { statusOf } = await startRules(t, [
    { methods: ['GET'], ...rule({ 'org.units': { anyOf: ['sales'] }, level: { equals: 3 } }) },
  ]);
  assert.deepEqual(await statusOf({ org: { units: ['sales', 'board'] }, level: 3 }), ADMITTED);
  assert.deepEqual(await statusOf({ org: { units: ['board'] }, level: 3 }), DENIED);
  assert.deepEqual(await statusOf({ org: { units: ['sales'] }, level: '3' }), DENIED);
  assert.deepEqual(await statusOf({}), DENIED);
});

test('the identity is read again at each refresh', async (t) => {
  const { provider, browser, api, signIn } = await startRules(t, [OF_STAFF]);
  identify(provider, { email: 'ann@staff.example', email_verified: true });
  await signIn();
  assert.equal((await api()).status, 200);
  identify(provider, { email: 'ann@left.example', email_verified: true });
  const refreshed = await browser.fetch('/session/refresh', { method: 'POST', headers: CSRF });
  assert.equal(refreshed.status, 200);
  assert.equal((await api()).status, 403);
});

test('an identity of more than 4 KiB is not kept, and its user is denied', async (t) => {
  const { statusOf, gateway } = await startRules(t, [rule({ groups: { anyOf: ['staff'] } })]);
  assert.deepEqual(await statusOf({ groups: ['staff'] }), ADMITTED);
  assert.deepEqual(await statusOf({ groups: ['staff', 'x'.repeat(5_000)] }), DENIED);
  assert.match(gateway.logText(), /too long to keep/);
});

test('rules and trust in addresses that change at a reload hold for the sessions that are open', async (t) => {
  const [provider, upstream] = await Promise.all([startProvider(), startUpstream()]);
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  identify(provider, { email: 'ann@staff.example' });
  const configOf = (rules: object[], trustEmail: boolean) => ({
    session: { store: { sqlite: { file: ':memory:' } } },
    provider: {
      issuer: provider.issuer,
      clientId: provider.client.id,
      clientSecret: provider.client.secret,
      trustEmail,
    },
    routes: [{ path: '/api/**', upstream: upstream.origin, rules } as NonNullable<ConfigInput['routes']>[number]],
  });
  const gateway = await startProcess(t, { provider, config: configOf([{ token: 'user' }], true) });
  let reloads = 0;
  const reload = async (config: ReturnType<typeof configOf>) => {
    gateway.configure(config);
    gateway.signal('SIGHUP');
    reloads += 1;
    const applied = async () =>
      (await scrape(gateway.adminUrl)).value('bff_config_reloads_total{app="main",outcome="applied"}');
    await until(async () => (await applied()) === reloads, { what: 'the reload' });
  };
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  const status = async () => (await browser.fetch('/api/x', { headers: CSRF })).status;
  assert.equal(await status(), 200);
  await reload(configOf([OF_STAFF], true));
  assert.equal(await status(), 200, 'the new rule reads the claims of the sign-in');
  await reload(configOf([OF_STAFF], false));
  assert.equal(await status(), 403, 'the address is not verified');
});
