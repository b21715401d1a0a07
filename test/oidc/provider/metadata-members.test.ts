/** Provider metadata whose optional members are empty or malformed: the provider counts as one without them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startGateway } from '../../support/gateway.ts';
import { startProvider } from '../../support/provider.ts';
import { CSRF } from '../../support/world.ts';

const LISTS = [
  'code_challenge_methods_supported',
  'token_endpoint_auth_methods_supported',
  'id_token_signing_alg_values_supported',
  'response_types_supported',
  'response_modes_supported',
  'grant_types_supported',
  'scopes_supported',
  'userinfo_signing_alg_values_supported',
  'dpop_signing_alg_values_supported',
  'request_object_signing_alg_values_supported',
];
const OTHERS = [
  'pushed_authorization_request_endpoint',
  'end_session_endpoint',
  'revocation_endpoint',
  'introspection_endpoint',
  'check_session_iframe',
  'mtls_endpoint_aliases',
  'require_pushed_authorization_requests',
  'require_signed_request_object',
  'backchannel_logout_supported',
  'tls_client_certificate_bound_access_tokens',
];

for (const value of [null, '', ' ', [], [null], [''], {}, { token_endpoint: null, x: 5 }, 5, 'x'])
  test(`P01 metadata whose optional members are ${JSON.stringify(value)} is that of a provider without them`, async (t) => {
    const provider = await startProvider();
    t.after(() => provider.stop());
    provider.settings.pushed = 'offered';
    const odd = Object.fromEntries([...LISTS, ...OTHERS].map((name) => [name, value]));
    provider.behaviour.metadata = (metadata) => ({ ...metadata, ...odd });
    const gateway = await startGateway({ provider, providerConfig: { userInfo: true } });
    t.after(() => gateway.stop());
    const browser = gateway.browser();
    await browser.navigate('/login?returnTo=/app');
    const session = (await browser.fetch('/session', { headers: CSRF })).json();
    assert.equal(session.authenticated, true);
    assert.equal(provider.requests.authorize.at(-1)?.params.get('code_challenge_method'), 'S256');
    const page = await browser.navigate(String(session.logoutUrl), { from: gateway.url });
    assert.deepEqual([page.status, page.url.pathname], [200, '/signed-out']);
  });

test('P01 what a list of the metadata does name counts: PKCE with plain beside an odd entry is refused', async (t) => {
  for (const methods of [['plain'], ['plain', null], [5, 'plain', '']]) {
    const provider = await startProvider();
    t.after(() => provider.stop());
    provider.behaviour.metadata = (metadata) => ({ ...metadata, code_challenge_methods_supported: methods });
    const gateway = await startGateway({ provider });
    t.after(() => gateway.stop());
    assert.equal((await gateway.browser().navigate('/login')).status, 503, JSON.stringify(methods));
    assert.equal(provider.requests.authorize.length, 0);
  }
});

test('P01 a required member of the metadata with another type fails discovery', async (t) => {
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri'])
    for (const value of [null, '', [], {}, 5, 'x']) {
      const provider = await startProvider();
      t.after(() => provider.stop());
      provider.behaviour.metadata = (metadata) => ({ ...metadata, [name]: value });
      const gateway = await startGateway({ provider });
      t.after(() => gateway.stop());
      assert.equal((await gateway.browser().navigate('/login')).status, 503, `${name}: ${JSON.stringify(value)}`);
      assert.match(gateway.logText(), /provider discovery failed/);
    }
});
