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
  { request: 'GET /api/orders', original: 'refused' },
  { request: 'GET /api/orders', claims: staff(), session, original: 'allowed' },
  { request: 'POST /api/orders', claims: staff({ groups: ['x', 'admins'] }), session, original: 'allowed' },
  { request: 'GET /assets/logo', claims: staff(), session, original: 'allowed' },
  { request: 'GET /status', claims: staff(), session, original: 'allowed' },
  { request: 'GET /status/x', claims: staff(), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email: 'Ann@EXAMPLE.com' }), session, original: 'allowed' },
  { request: 'GET /api/orders', claims: staff({ email: 'ann@a.partner.example' }), session, original: 'allowed' },
  { request: 'GET /api/orders', claims: staff({ email: 'ann@partner.example' }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email: 'ann@sub.example.com' }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email: 'ann@example.community' }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email: 'ann@notexample.com' }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email: undefined }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ email_verified: false }), session, original: 'refused' },
  {
    request: 'GET /api/orders',
    claims: staff({ email_verified: undefined }),
    session,
    original: 'allowed',
    stricter: 'a missing claim cannot be distinguished from false',
  },
  { request: 'GET /api/orders', claims: staff({ groups: ['guests'] }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ groups: undefined }), session, original: 'refused' },
  { request: 'GET /api/orders', claims: staff({ client_id: 'other' }), original: 'refused' },
  { request: 'GET /assets/public/logo', original: 'allowed' },
  { request: 'POST /assets/public/logo', original: 'refused' },
  { request: 'POST /assets/public/logo', claims: staff(), session, original: 'allowed' },
  { request: 'GET /assets/publicity', original: 'refused' },
  { request: 'GET /api/open/x', original: 'allowed', stricter: 'the expression is not a literal prefix' },
  { request: 'GET /api/v1/health', original: 'allowed', stricter: 'the expression is not a literal prefix' },
  {
    request: 'GET /files/x',
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
  { request: 'GET /tools/x', original: 'refused' },
  { request: 'GET /tools/x', claims: operator(), session, original: 'allowed' },
  { request: 'GET /tools/x', claims: operator(), original: 'allowed' },
  { request: 'GET /tools/x', claims: operator(none), original: 'refused' },
  { request: 'GET /tools/x', claims: operator({ realm_access: { roles: ['admin'] } }), original: 'refused' },
  {
    request: 'GET /tools/x',
    claims: operator({ ...none, resource_access: { tools: { roles: ['admin'] } } }),
    original: 'allowed',
  },
  {
    request: 'GET /tools/x',
    claims: operator({ ...none, resource_access: { shop: { roles: ['admin'] } } }),
    original: 'refused',
  },
  { request: 'GET /tools/x', claims: operator({ aud: 'elsewhere' }), original: 'refused' },
  {
    request: 'GET /tools/x',
    claims: { iss: 'https://other.example.com', aud: 'elsewhere', client_id: 'c', sub: 'c', roles: ['operator'] },
    original: 'allowed',
    stricter: 'a rule cannot require a different audience for each issuer',
  },
  { request: 'GET /elsewhere', claims: operator(), session, original: 'refused' },
];

const PLAIN: Row[] = [
  { request: 'GET /wiki/page', original: 'refused' },
  { request: 'GET /wiki/page', claims: staff(), session, original: 'allowed' },
  { request: 'POST /wiki/page', claims: staff(), session, original: 'allowed' },
  { request: 'GET /wiki/page', claims: staff(), original: 'refused' },
  { request: 'GET /wiki/public/page', original: 'allowed' },
  { request: 'GET /wiki/publication', original: 'allowed', stricter: 'a pattern matches whole segments' },
  { request: 'GET /wiki', original: 'refused' },
  {
    request: 'GET /else',
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
