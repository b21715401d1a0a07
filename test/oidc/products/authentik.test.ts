/** Authentik, simulated: access tokens with the claims and the audience of the ID token. */
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const path = '/application/o/shop/';

presetContract({
  kind: 'authentik',
  issuerPath: path,
  paths: { token: ['/application/o/token/'], end_session: [`${path}end-session/`] },
  provider: { scopes: ['openid', 'profile', 'offline_access', 'entitlements'] },
  audience: ({ client }) => client,
  user: ({ client }) => ({
    sub: 'hashed-user',
    aud: client,
    azp: client,
    uid: 'random',
    sid: 's1',
    nonce: 'n-1',
    preferred_username: 'alice',
    groups: ['staff'],
    roles: ['editor'],
    scope: 'openid profile',
  }),
  client: { sub: 'm1', aud: 'shop-web', azp: 'shop-web', uid: 'r', preferred_username: 'ak-shop-client_credentials' },
  granted: { groups: ['staff'], roles: ['editor'] },
  denied: { roles: ['admin'] },
  signOut: { path: `${path}end-session/`, params: STANDARD_SIGN_OUT },
  accessTokens: {},
});
