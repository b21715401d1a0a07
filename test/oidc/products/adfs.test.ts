/** AD FS, simulated: access tokens with another issuer than ID tokens, for the Web API of `resource`. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { adfs } from '../../../src/oidc/products/catalog/adfs.ts';
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const API = 'https://api.shop.test';
const trust = (issuer: string) => `${new URL(issuer).origin}/adfs/services/trust`;

presetContract({
  kind: 'adfs',
  issuerPath: '/adfs',
  paths: {
    authorize: ['/adfs/oauth2/authorize/'],
    token: ['/adfs/oauth2/token/'],
    end_session: ['/adfs/oauth2/logout'],
  },
  provider: {
    scopes: ['openid', 'orders.read'],
    authorizationParams: { resource: API },
  },
  audience: () => API,
  user: ({ issuer, client }) => ({
    iss: trust(issuer),
    aud: API,
    apptype: 'Confidential',
    appid: client,
    upn: 'alice@shop.test',
    role: 'editor',
    scp: 'openid orders.read',
    ver: '1.0',
  }),
  typ: 'JWT',
  idToken: { upn: 'alice@shop.test' },
  granted: { scopes: ['orders.read'], roles: ['editor'] },
  denied: { roles: ['admin'] },
  refreshes: () => true,
  authorization: { resource: API },
  signOut: { path: '/adfs/oauth2/logout', params: STANDARD_SIGN_OUT },
  accessTokens: {},
});

test('P03 adfs: without a name from the directory a token shows neither a user nor a client', () => {
  assert.equal(adfs.subjectOf({ appid: 'job', scp: 'openid' }), 'unknown');
  assert.equal(adfs.subjectOf({ appid: 'job', sub: 'job' }), 'client');
  assert.equal(adfs.subjectOf({ appid: 'job', sub: 'job', upn: 'alice@shop.test' }), 'unknown');
});
