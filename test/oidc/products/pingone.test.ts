/** PingOne, simulated: tokens of clients have no subject. */
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const path = '/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/as';

presetContract({
  kind: 'pingone',
  issuerPath: path,
  paths: { end_session: [`${path}/signoff`] },
  provider: { scopes: ['openid', 'profile', 'offline_access', 'orders:read'] },
  audience: () => 'https://api.shop.test',
  user: ({ client }) => ({
    client_id: client,
    aud: ['https://api.shop.test'],
    sub: 'u-1',
    sid: 's-1',
    auth_time: 1_700_000_000,
    acr: 'Single_Factor',
    scope: 'orders:read',
    roles: ['editor'],
  }),
  client: { client_id: 'job', aud: ['https://api.shop.test'], scope: 'orders:read' },
  granted: { scopes: ['orders:read'], roles: ['editor'] },
  denied: { roles: ['admin'] },
  signOut: { path: `${path}/signoff`, params: STANDARD_SIGN_OUT },
  accessTokens: {},
});
