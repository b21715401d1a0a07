/** The provider contract with a provider that follows the specifications. */
import { providerContract } from '../../contract/provider.ts';
import { startProvider } from '../../support/provider.ts';

const hinted = ['client_id', 'id_token_hint', 'post_logout_redirect_uri', 'state'];

providerContract({
  name: 'a provider that follows the specifications',
  start: () => startProvider(),
  provider: {},
  profile: { sub: 'user-alice', name: 'Alice Example', email: 'alice@shop.test' },
  accessToken: ({ client }) => ({ sub: 'user-alice', aud: 'orders-api', client_id: client.id }),
  refresh: {},
  revoked: ['refresh_token', 'access_token'],
  signOut: { path: '/end_session', params: hinted },
});

providerContract({
  name: 'a provider with opaque tokens, scopes on refresh, and only an end-session endpoint',
  start: () =>
    startProvider({
      settings: { accessTokenFormat: 'opaque' },
      product: () => ({ behaviour: { metadata: ({ revocation_endpoint: _, ...document }) => document } }),
    }),
  provider: { scopeOnRefresh: true },
  profile: { sub: 'user-alice' },
  accessToken: undefined,
  refresh: { scope: 'openid profile offline_access' },
  revoked: [],
  signOut: { path: '/end_session', params: hinted },
});

providerContract({
  name: 'a provider without any sign-out',
  start: () =>
    startProvider({
      product: () => ({
        behaviour: { metadata: ({ revocation_endpoint: _, end_session_endpoint: __, ...document }) => document },
      }),
    }),
  provider: {},
  profile: { sub: 'user-alice' },
  accessToken: () => ({ aud: 'orders-api' }),
  refresh: {},
  revoked: [],
  signOut: undefined,
});
