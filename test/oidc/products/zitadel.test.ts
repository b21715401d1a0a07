/** Zitadel, simulated: roles as objects, the project as audience. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { zitadel } from '../../../src/oidc/products/catalog/zitadel.ts';
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const PROJECT = '69234237810729019';

presetContract({
  kind: 'zitadel',
  paths: { end_session: ['/oidc/v1/end_session'] },
  provider: {},
  audience: () => PROJECT,
  user: ({ client }) => ({
    sub: '77776025198584418',
    aud: [client, PROJECT],
    client_id: client,
    jti: 'j1',
    'urn:zitadel:iam:org:project:roles': { editor: { '1782': 'shop.test' }, reader: { '1782': 'shop.test' } },
    [`urn:zitadel:iam:org:project:${PROJECT}:roles`]: { writer: { '1782': 'shop.test' } },
  }),
  client: { sub: '9001', client_id: '9001', aud: [PROJECT], jti: 'j2' },
  idToken: { amr: ['pwd'], azp: 'web' },
  granted: { roles: ['editor', { client: PROJECT, role: 'writer' }] },
  denied: { roles: ['admin'] },
  signOut: { path: '/oidc/v1/end_session', params: STANDARD_SIGN_OUT },
  accessTokens: {},
});

test('P03 zitadel: RS-09 roles of another form grant nothing', () => {
  for (const roles of [['editor'], 'editor', { editor: true }, { editor: ['1782'] }, null])
    assert.deepEqual(zitadel.rolesOf({ 'urn:zitadel:iam:org:project:roles': roles }), []);
  assert.deepEqual(zitadel.clientRolesOf({}, '__proto__'), []);
});

test('P03 zitadel: a service user whose client is its name is of an unknown type', () => {
  assert.equal(zitadel.subjectOf({ sub: '9001', client_id: 'reports', aud: [PROJECT] }), 'unknown');
});
