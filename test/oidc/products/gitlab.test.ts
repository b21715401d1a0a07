/** GitLab, simulated: opaque access tokens, introspection without a subject, no sign-out. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gitlab } from '../../../src/oidc/products/catalog/gitlab.ts';
import { presetContract } from '../../contract/preset.ts';

presetContract({
  kind: 'gitlab',
  provider: { scopes: ['openid', 'profile', 'email', 'read_user'] },
  audience: ({ client }) => client,
  idToken: { groups_direct: ['shop/staff'] },
  granted: { scopes: ['read_user'] },
  denied: { scopes: ['api'] },
  refreshes: () => true,
  unannounced: ['end_session_endpoint'],
  behaviour: {
    async introspection(_request, proceed) {
      const response = await proceed();
      const { sub, aud, iss, ...json } = response.json ?? {};
      return { ...response, json };
    },
  },
  signOut: undefined,
  accessTokens: { introspection: {} },
});

test('P03 gitlab: the token of a CI job is no access token, and introspection without a subject shows no client', () => {
  assert.match(String(gitlab.rejectionReason({ sub: 'project_path:shop/ci', aud: 'orders-api' })), /opaque/);
  assert.equal(gitlab.subjectOf({ client_id: 'web' }), 'unknown');
  assert.deepEqual(gitlab.groupsOf({ groups_direct: ['shop/staff'] }), ['shop/staff']);
});
