/** Optional claims of access tokens that are null, empty or of another type: they count as absent, for every product. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Claims } from '../../../src/oidc/products/base/facts.ts';
import { readFacts, rejectionReason } from '../../../src/oidc/products/read-facts.ts';
import { PRODUCTS } from '../../../src/oidc/products/registry.ts';
import { startBearerWorld } from '../../bearer/world.ts';
import { accessToken, set } from '../../support/tokens.ts';

const EMPTY = [null, '', ' ', []];
const ODD = [5, true, {}, ['a']];

const productOfKind = (kind: string) => {
  const product = PRODUCTS.find((known) => known.kind === kind);
  assert.ok(product, kind);
  return product;
};

const subjectOf = (kind: string, subjects: 'users' | 'both', claims: Claims) =>
  readFacts({ product: productOfKind(kind), subjects, rolesClaim: undefined }, 'https://id.test', claims).subject;

/** Tokens of clients, and the claims that only tokens of users have. */
const CLIENTS: [kind: string, marks: string[], claims: Claims][] = [
  ['keycloak', ['sid'], { sub: 'svc', azp: 'job', typ: 'Bearer', client_id: 'job' }],
  ['cognito', ['username'], { sub: 'job', client_id: 'job', token_use: 'access' }],
  ['pingone', ['sid', 'auth_time'], { client_id: 'job' }],
  ['okta', ['uid'], { sub: 'job', cid: 'job' }],
  ['adfs', ['upn', 'unique_name'], { sub: 'job', appid: 'job' }],
  ['entra', ['scp'], { sub: 'o', oid: 'o', azp: 'job', idtyp: 'app' }],
  ['authentik', ['sid'], { azp: 'job', uid: 'x', sub: 'h', preferred_username: 'ak-x-client_credentials' }],
  ['generic', ['username'], { client_id: 'job' }],
];

describe('P03 an optional claim without a value does not make a client a user', () => {
  for (const [kind, marks, claims] of CLIENTS)
    test(`P03 ${kind}: ${marks.join(', ')}`, () => {
      for (const mark of marks)
        for (const value of [...EMPTY, ...(mark === 'auth_time' ? ['now', {}] : ODD)]) {
          const odd = { ...claims, [mark]: value };
          assert.equal(subjectOf(kind, 'both', odd), 'client', `${mark}: ${JSON.stringify(value)}`);
          assert.equal(subjectOf(kind, 'users', odd), 'unknown', `${mark}: ${JSON.stringify(value)}`);
        }
    });
});

test('P03 an empty client claim is not the name of the client', () => {
  for (const value of EMPTY) {
    const claims = { sub: 'job', client_id: value, azp: 'job' };
    assert.equal(subjectOf('generic', 'both', claims), 'client');
  }
});

/** Access tokens as `rejectionReason` accepts them. */
const ACCEPTED: Record<string, Claims> = {
  generic: { sub: 'u', client_id: 'web' },
  keycloak: { sub: 'u', typ: 'Bearer', azp: 'web', sid: 's' },
  cognito: { sub: 'u', client_id: 'web', token_use: 'access', username: 'u' },
  okta: { sub: 'u', cid: 'web', uid: '0' },
  pingone: { sub: 'u', client_id: 'web', sid: 's' },
  auth0: { sub: 'auth0|u', azp: 'web', aud: ['api'] },
  entra: { sub: 'u', oid: 'o', azp: 'web', scp: 'read' },
  adfs: { sub: 'u', appid: 'web', upn: 'u' },
  authentik: { sub: 'u', azp: 'web', uid: 'x', sid: 's' },
  zitadel: { sub: 'u', client_id: 'web', aud: ['web'], jti: 'x' },
  logto: { sub: 'u', client_id: 'web' },
};

for (const [kind, claims] of Object.entries(ACCEPTED))
  test(`P03 ${kind}: marks of an ID or logout token without a value do not refuse an access token`, () => {
    const product = productOfKind(kind);
    const marks = ['nonce', 'at_hash', 'c_hash', 'events', ...(kind === 'zitadel' ? ['amr', 'auth_time'] : [])];
    for (const mark of marks) {
      for (const value of EMPTY) assert.equal(rejectionReason(product, { ...claims, [mark]: value }), undefined, mark);
      const repeatsNonce = mark === 'nonce' && (kind === 'keycloak' || kind === 'authentik');
      if (!repeatsNonce) assert.notEqual(rejectionReason(product, { ...claims, [mark]: ['x'] }), undefined, mark);
    }
  });

test('P03 a claim without a value does not hide the other claim of the same meaning', () => {
  for (const value of EMPTY) {
    const of = (kind: string, claims: Claims) =>
      readFacts({ product: productOfKind(kind), subjects: 'both', rolesClaim: undefined }, 'https://id.test', claims);
    assert.deepEqual(of('generic', { scope: value, scp: ['read'] }).scopes, ['read']);
    assert.deepEqual(of('okta', { scp: value, scope: 'read' }).scopes, ['read']);
    assert.deepEqual(of('adfs', { role: value, roles: ['a'], group: value, groups: ['g'] }).roles, ['a']);
    assert.deepEqual(of('gitlab', { groups: value, groups_direct: ['g'] }).groups, ['g']);
    assert.deepEqual(of('generic', { scope: value, roles: value, groups: value }).scopes, []);
    assert.deepEqual(of('generic', { scope: value, roles: value, groups: value }).roles, []);
  }
});

test('P03 a bearer token with empty optional claims is accepted, and one without a required value is not', async (t) => {
  const world = await startBearerWorld(t);
  for (const name of ['nbf', 'iat', 'nonce', 'at_hash', 'c_hash', 'events', 'jti', 'azp'])
    for (const value of EMPTY) {
      const token = accessToken(world.provider, {}, set({ [name]: value }));
      assert.equal((await world.call(token)).status, 200, `${name}: ${JSON.stringify(value)}`);
    }
  for (const name of ['iss', 'aud', 'exp'])
    for (const value of EMPTY) {
      const token = accessToken(world.provider, {}, set({ [name]: value }));
      assert.equal((await world.call(token)).status, 401, `${name}: ${JSON.stringify(value)}`);
      await world.catchUp();
    }
});
