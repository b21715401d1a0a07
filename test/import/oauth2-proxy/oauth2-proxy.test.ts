/** Configurations of oauth2-proxy: decisions of the gateway after the translation, compared with those of oauth2-proxy. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imported, load, type Row, testRows, testSize } from '../translated.ts';

const staff = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com',
  aud: 'shop-api',
  client_id: 'shop-web',
  sub: 'u1',
  email: 'ann@example.com',
  email_verified: true,
  groups: ['staff'],
  ...more,
});
const session = true;

const SHOP: Row[] = [
  { call: 'GET /api/orders', original: 'refused' },
  { call: 'GET /api/orders', claims: staff(), session, original: 'allowed' },
  { call: 'POST /api/orders', claims: staff({ groups: ['x', 'admins'] }), session, original: 'allowed' },
  { call: 'GET /assets/logo', claims: staff(), session, original: 'allowed' },
  { call: 'GET /status', claims: staff(), session, original: 'allowed' },
  { call: 'GET /status/x', claims: staff(), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email: 'Ann@EXAMPLE.com' }), session, original: 'allowed' },
  { call: 'GET /api/orders', claims: staff({ email: 'ann@a.partner.example' }), session, original: 'allowed' },
  { call: 'GET /api/orders', claims: staff({ email: 'ann@partner.example' }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email: 'ann@sub.example.com' }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email: 'ann@example.community' }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email: 'ann@notexample.com' }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email: undefined }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ email_verified: false }), session, original: 'refused' },
  {
    call: 'GET /api/orders',
    claims: staff({ email_verified: undefined }),
    session,
    original: 'allowed',
    stricter: 'a missing claim cannot be distinguished from false',
  },
  { call: 'GET /api/orders', claims: staff({ groups: ['guests'] }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ groups: undefined }), session, original: 'refused' },
  { call: 'GET /api/orders', claims: staff({ client_id: 'other' }), original: 'refused' },
  { call: 'GET /assets/public/logo', original: 'allowed' },
  { call: 'POST /assets/public/logo', original: 'refused' },
  { call: 'POST /assets/public/logo', claims: staff(), session, original: 'allowed' },
  { call: 'GET /assets/publicity', original: 'refused' },
  { call: 'GET /api/open/x', original: 'allowed', stricter: 'the expression is not a literal prefix' },
  { call: 'GET /api/v1/health', original: 'allowed', stricter: 'the expression is not a literal prefix' },
  {
    call: 'GET /files/x',
    claims: staff(),
    session,
    original: 'allowed',
    stricter: 'an upstream of files is not a server',
  },
];

const operator = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com/realms/shop',
  aud: 'tools',
  azp: 'tools',
  sub: 'u1',
  sid: 's1',
  typ: 'Bearer',
  realm_access: { roles: ['operator'] },
  ...more,
});
const none = { realm_access: { roles: [] } };

const KEYCLOAK: Row[] = [
  { call: 'GET /tools/x', original: 'refused' },
  { call: 'GET /tools/x', claims: operator(), session, original: 'allowed' },
  { call: 'GET /tools/x', claims: operator(), original: 'allowed' },
  { call: 'GET /tools/x', claims: operator(none), original: 'refused' },
  { call: 'GET /tools/x', claims: operator({ realm_access: { roles: ['admin'] } }), original: 'refused' },
  {
    call: 'GET /tools/x',
    claims: operator({ ...none, resource_access: { tools: { roles: ['admin'] } } }),
    original: 'allowed',
  },
  {
    call: 'GET /tools/x',
    claims: operator({ ...none, resource_access: { shop: { roles: ['admin'] } } }),
    original: 'refused',
  },
  { call: 'GET /tools/x', claims: operator({ aud: 'elsewhere' }), original: 'refused' },
  {
    call: 'GET /tools/x',
    claims: { iss: 'https://other.example.com', aud: 'elsewhere', client_id: 'c', sub: 'c', roles: ['operator'] },
    original: 'allowed',
    stricter: 'a rule cannot require a different audience for each issuer',
  },
  { call: 'GET /elsewhere', claims: operator(), session, original: 'refused' },
];

const PLAIN: Row[] = [
  { call: 'GET /wiki/page', original: 'refused' },
  { call: 'GET /wiki/page', claims: staff(), session, original: 'allowed' },
  { call: 'POST /wiki/page', claims: staff(), session, original: 'allowed' },
  { call: 'GET /wiki/page', claims: staff(), original: 'refused' },
  { call: 'GET /wiki/public/page', original: 'allowed' },
  { call: 'GET /wiki/publication', original: 'allowed', stricter: 'a pattern matches whole segments' },
  { call: 'GET /wiki', original: 'refused' },
  {
    call: 'GET /else',
    claims: staff(),
    session,
    original: 'allowed',
    stricter: "it would hide the gateway's endpoints",
  },
];

testRows('oauth2-proxy', 'shop.cfg', SHOP);
testRows('oauth2-proxy', 'keycloak.cfg', KEYCLOAK);
testRows('oauth2-proxy', 'plain.cfg', PLAIN);
testSize([...SHOP, ...KEYCLOAK, ...PLAIN]);

test('session settings of oauth2-proxy are translated', () => {
  const { session: sessions, provider, publicUrl, endpoints } = load(imported('oauth2-proxy', 'shop.cfg').yaml);
  assert.equal(publicUrl, 'https://shop.example.com');
  assert.deepEqual(provider.scopes, ['openid', 'email', 'groups']);
  assert.equal(endpoints.prefix, '/oauth2');
  assert.equal(sessions.absoluteTimeout, 12 * 3_600_000);
  assert.ok('redis' in sessions.store);
});
