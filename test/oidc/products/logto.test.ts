/** Logto, simulated: a JWT only for the API that each request names. */
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const API = 'https://api.shop.test';

presetContract({
  kind: 'logto',
  issuerPath: '/oidc',
  paths: { end_session: ['/oidc/session/end'] },
  provider: {
    scopes: ['openid', 'profile', 'offline_access', 'read:orders'],
    authorizationParams: { resource: API },
  },
  audience: () => API,
  user: ({ client }) => ({
    jti: 'j1',
    sub: 'u1',
    client_id: client,
    aud: API,
    scope: 'read:orders',
    roles: ['editor'],
  }),
  client: { jti: 'j2', sub: 'job', client_id: 'job', aud: API, scope: 'read:orders' },
  typ: 'at+jwt',
  granted: { scopes: ['read:orders'], roles: ['editor'] },
  denied: { scopes: ['write:orders'] },
  authorization: { prompt: 'consent', resource: API },
  tokenRequest: { resource: API },
  signOut: { path: '/oidc/session/end', params: STANDARD_SIGN_OUT },
  accessTokens: {},
});
