/** Amazon Cognito, simulated: no audience, `token_use`, and a sign-out outside of the metadata. */
import { presetContract } from '../../contract/preset.ts';

const SIGNED_OUT = /^http:\/\/localhost:\d+\/signed-out$/;

presetContract({
  kind: 'cognito',
  issuerPath: '/eu-central-1_a1B2',
  paths: { authorize: ['/oauth2/authorize'], token: ['/oauth2/token'], end_session: ['/logout'] },
  provider: { scopes: ['openid', 'profile', 'orders/read'] },
  audience: ({ client }) => client,
  user: ({ client }) => ({
    sub: 'aaaa-bbbb',
    'cognito:groups': ['staff'],
    version: 2,
    client_id: client,
    token_use: 'access',
    scope: 'openid profile orders/read',
    username: 'alice',
    jti: 'j1',
  }),
  idToken: { token_use: 'id', 'cognito:username': 'alice' },
  granted: { groups: ['staff'], scopes: ['orders/read'] },
  denied: { groups: ['admins'] },
  refreshes: () => true,
  unannounced: ['end_session_endpoint'],
  behaviour: {
    end_session({ params }) {
      const target = params.get('logout_uri') ?? '';
      return SIGNED_OUT.test(target)
        ? { status: 302, headers: { location: target }, body: '' }
        : { status: 400, headers: {}, body: 'logout_uri' };
    },
  },
  signOut: { path: '/logout', params: ['client_id', 'logout_uri'] },
  accessTokens: {},
});

const AUDIENCE = 'https://api.shop.test';

presetContract({
  kind: 'cognito',
  issuerPath: '/eu-central-1_a1B2',
  paths: { end_session: ['/logout'] },
  provider: { scopes: ['openid', 'orders/read'] },
  audience: () => AUDIENCE,
  user: ({ client }) => ({
    sub: 'aaaa-bbbb',
    aud: AUDIENCE,
    client_id: client,
    token_use: 'access',
    scope: 'orders/read',
    username: 'a',
  }),
  client: { sub: 'job', client_id: 'job', aud: AUDIENCE, token_use: 'access', scope: 'orders/read' },
  idToken: { token_use: 'id' },
  granted: { scopes: ['orders/read'] },
  denied: { scopes: ['orders/write'] },
  refreshes: () => true,
  behaviour: {
    end_session: ({ params }) => ({
      status: 302,
      headers: { location: SIGNED_OUT.exec(params.get('logout_uri') ?? '')?.[0] ?? '/missing' },
      body: '',
    }),
  },
  signOut: { path: '/logout', params: ['client_id', 'logout_uri'] },
  accessTokens: {},
});
