/** Okta, simulated: `cid`, `uid` and `scp`, and no type in the header of access tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generic } from '../../../src/oidc/products/catalog/generic.ts';
import { okta } from '../../../src/oidc/products/catalog/okta.ts';
import { readFacts } from '../../../src/oidc/products/read-facts.ts';
import { presetContract, STANDARD_SIGN_OUT } from '../../contract/preset.ts';

const path = '/oauth2/default';

presetContract({
  kind: 'okta',
  issuerPath: path,
  paths: { end_session: [`${path}/v1/logout`], token: [`${path}/v1/token`], authorize: [`${path}/v1/authorize`] },
  provider: { scopes: ['openid', 'profile', 'offline_access', 'read:orders'] },
  audience: () => 'api://orders',
  user: ({ client }) => ({
    ver: 1,
    jti: 'AT.x',
    aud: 'api://orders',
    sub: 'alice@shop.test',
    cid: client,
    uid: '00u1a2b3',
    scp: ['openid', 'read:orders'],
    groups: ['staff'],
  }),
  client: { ver: 1, jti: 'AT.y', aud: 'api://orders', sub: '0oa9job', cid: '0oa9job', scp: ['read:orders'] },
  granted: { scopes: ['read:orders'], groups: ['staff'] },
  denied: { scopes: ['write:orders'] },
  signOut: { path: `${path}/v1/logout`, params: STANDARD_SIGN_OUT },
  accessTokens: {},
});

test('P03 okta: the subject by cid and uid', () => {
  const of = okta.subjectOf;
  assert.equal(of({ sub: 'alice@shop.test', cid: 'web', uid: '00u1' }), 'user');
  assert.equal(of({ sub: 'job', cid: 'job' }), 'client');
  // A user whose sign-in name is a client id, a user without an id, and values of other types.
  assert.equal(of({ sub: 'job', cid: 'job', uid: null }), 'client');
  assert.equal(of({ sub: 'job', cid: 'job', uid: '00u1' }), 'unknown');
  assert.equal(of({ sub: 'alice@shop.test', cid: 'web' }), 'unknown');
  assert.equal(of({ sub: ['job'], cid: ['job'] }), 'unknown');
});

test('P03 okta: without the preset as well, a client is no user, with subjects: users too', () => {
  const facts = (claims: Record<string, unknown>) =>
    readFacts({ product: generic, subjects: 'users', rolesClaim: undefined }, 'https://id.shop.test', claims);
  assert.equal(facts({ sub: 'job', cid: 'job', scp: ['read:orders'] }).subject, 'unknown');
  const user = facts({ sub: 'alice@shop.test', cid: 'web', uid: '00u1', scp: ['read:orders'] });
  assert.deepEqual([user.subject, user.clientId, user.scopes], ['user', 'web', ['read:orders']]);
});
