/** Parameters of a sign-in that a link may set: they reach the provider with an allowed value, and with no other. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { startWorld, type World } from '../../support/world.ts';

const allowedLoginParams = [
  'prompt' as const,
  { name: 'kc_idp_hint', values: ['google', 'git hub'] },
  { name: 'organization', pattern: 'org_[A-Za-z0-9]+' },
  { name: 'ui_locales', values: ['de', 'fr'] },
  { name: 'any', pattern: '[^x]*' },
];

const toProvider = (url: URL) => url.pathname !== '/login';

describe('a link to the sign-in', () => {
  let world: World;
  const cleanups: (() => Promise<void>)[] = [];
  before(async () => {
    const options = {
      gateway: { providerConfig: { allowedLoginParams, authorizationParams: { organization: 'org_1' } } },
    };
    world = await startWorld({ after: (fn) => void cleanups.push(fn as () => Promise<void>) }, options);
  });
  after(async () => {
    for (const cleanup of cleanups) await cleanup();
  });
  beforeEach(() => world.provider.clearRequests());

  /** Opens the link; returns the status and the parameters of the redirect to the provider. */
  async function open(query: string) {
    const page = await world.gateway.browser().navigate(`/login?${query}`, { stopAt: toProvider });
    return { page, params: page.stoppedAt?.searchParams };
  }

  test('passes on allowed values, over those of the configuration, and signs in', async () => {
    const { params } = await open('kc_idp_hint=git+hub&organization=org_A1&prompt=login&ui_locales=de');
    assert.equal(params?.get('kc_idp_hint'), 'git hub');
    assert.deepEqual(params?.getAll('organization'), ['org_A1']);
    assert.equal(params?.get('prompt'), 'login');
    assert.equal(params?.get('ui_locales'), 'de');
    assert.equal((await open('')).params?.get('organization'), 'org_1');
    await world.browser.navigate('/login?returnTo=/app&kc_idp_hint=google');
    assert.equal(world.browser.location()?.pathname, '/app');
    assert.equal(world.provider.requests.authorize[0]?.params.get('kc_idp_hint'), 'google');
  });

  for (const query of [
    'kc_idp_hint=evil',
    'kc_idp_hint=',
    'kc_idp_hint=Google',
    'kc_idp_hint=google%0a',
    'organization=org_',
    'organization=xorg_A1',
    'organization=org_A1%0Aorg_B2',
    'organization=org_A1&kc_idp_hint=google2',
    'ui_locales=en',
    'ui_locales=de+fr',
    `any=${'a'.repeat(1001)}`,
    'any=a%00',
    'any=%0a',
    'any=',
  ])
    test(`with ${query.slice(0, 40)} is a 400 that names the parameter, and sets no cookie`, async () => {
      const { page } = await open(query);
      assert.equal(page.status, 400);
      assert.equal(page.headers['x-bff-gateway'], 'bad_request');
      assert.match(page.body, /The value of (kc_idp_hint|organization|ui_locales|any) is not acceptable\./);
      assert.equal(page.headers['set-cookie'], undefined);
    });

  test('with a repeated parameter is a 400', async () => {
    const { page } = await open('kc_idp_hint=google&kc_idp_hint=google');
    assert.deepEqual([page.status, page.headers['x-bff-gateway']], [400, 'duplicate_parameter']);
  });

  test('ignores a parameter that is not listed, and no name in another case is listed', async () => {
    const { params } = await open(
      'domain_hint=contoso.com&login_hint=ada&Kc_Idp_Hint=google&constructor=x&scope=admin',
    );
    for (const name of ['domain_hint', 'login_hint', 'Kc_Idp_Hint', 'constructor'])
      assert.equal(params?.has(name), false);
    assert.equal(params?.get('scope'), 'openid profile offline_access');
  });
});

test('a pushed request carries the parameters, the address does not', async (t) => {
  const world = await startWorld(t, {
    provider: { settings: { pushed: 'offered' } },
    gateway: { providerConfig: { allowedLoginParams } },
  });
  const page = await world.browser.navigate('/login?returnTo=/app&kc_idp_hint=google&organization=org_A1');
  assert.equal(page.url.pathname, '/app');
  assert.equal(world.provider.requests.par[0]?.params.get('kc_idp_hint'), 'google');
  assert.equal(world.provider.requests.par[0]?.params.get('organization'), 'org_A1');
  assert.equal(world.provider.requests.authorize[0]?.params.has('kc_idp_hint'), false);
  const refused = await world.gateway.browser().navigate('/login?kc_idp_hint=evil');
  assert.equal(refused.status, 400);
  assert.equal(world.provider.requests.par.length, 1);
});
