/** Google, simulated: opaque access tokens, a refresh token by `access_type=offline`, no sign-out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { google } from '../../../src/oidc/products/catalog/google.ts';
import { presetContract } from '../../contract/preset.ts';

presetContract({
  kind: 'google',
  provider: { scopes: ['openid', 'profile', 'email'] },
  audience: () => '',
  granted: { scopes: ['email'] },
  denied: { scopes: ['https://www.googleapis.com/auth/drive'] },
  refreshes: (params) => params.get('access_type') === 'offline',
  unannounced: ['end_session_endpoint', 'introspection_endpoint'],
  authorization: { access_type: 'offline' },
  signOut: undefined,
});

test('P03 google: a JWT is no access token, and offline_access is found at the start', () => {
  assert.match(String(google.rejectionReason({ sub: '1', aud: 'orders-api', azp: '1' })), /opaque/);
  const settings = { clientAuth: 'client_secret_basic', scopes: ['openid', 'offline_access'] };
  assert.deepEqual(
    google.configurationFindings?.(settings).map(({ path }) => path),
    [['scopes', 1]],
  );
});
