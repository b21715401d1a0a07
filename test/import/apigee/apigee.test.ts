/** Apigee bundles: decisions of the gateway after the translation, compared with those of the flows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imported, type Row, testRows, testSize } from '../translated.ts';

const user = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com/realms/shop',
  aud: 'orders-api',
  azp: 'shop-web',
  sub: 'u1',
  sid: 's1',
  typ: 'Bearer',
  ...more,
});
const clerk = (more: Record<string, unknown> = {}) => user({ department: 'orders', ...more });

const ORDERS: Row[] = [
  { request: 'GET /v1/shop/orders', original: 'refused' },
  { request: 'GET /v1/shop/orders', claims: user(), original: 'allowed' },
  { request: 'GET /v1/shop/orders', claims: user(), session: true, original: 'allowed' },
  { request: 'GET /v1/shop/orders', claims: user({ aud: 'x' }), original: 'refused' },
  { request: 'GET /v1/shop/orders', claims: user({ iss: 'https://id.example.com/realms/x' }), original: 'refused' },
  { request: 'POST /v1/shop/orders', claims: user(), original: 'refused' },
  { request: 'POST /v1/shop/orders', claims: clerk(), original: 'allowed' },
  { request: 'POST /v1/shop/orders', claims: clerk({ department: 'stock' }), original: 'refused' },
  { request: 'POST /v1/shop/orders', claims: clerk({ department: ['orders'] }), original: 'refused' },
  { request: 'PUT /v1/shop/orders', claims: clerk(), original: 'refused' },
  { request: 'GET /v1/shop/orders/7', claims: clerk(), original: 'allowed' },
  { request: 'GET /v1/shop/orders/7', claims: user(), original: 'refused' },
  { request: 'DELETE /v1/shop/orders/7', claims: clerk(), original: 'allowed' },
  { request: 'PATCH /v1/shop/orders/7', claims: clerk(), original: 'refused' },
  { request: 'GET /v1/shop/orders/7/lines', claims: clerk(), original: 'refused' },
  { request: 'GET /v1/shop/archive/2020/7', claims: user({ level: 3, staff: true }), original: 'allowed' },
  { request: 'PUT /v1/shop/archive/2020', claims: user({ level: 3, staff: true }), original: 'allowed' },
  { request: 'GET /v1/shop/archive/2020', claims: user({ level: 4, staff: true }), original: 'refused' },
  { request: 'GET /v1/shop/archive/2020', claims: user({ level: 3 }), original: 'refused' },
  { request: 'GET /v1/shop/archive/2020', original: 'refused' },
  { request: 'GET /v1/shop/beta/x', claims: user(), original: 'refused' },
  { request: 'GET /v1/shop', claims: clerk(), original: 'refused' },
  { request: 'GET /v1/shop/elsewhere', claims: clerk(), original: 'refused' },
  { request: 'GET /v2/shop/orders', claims: clerk(), original: 'refused' },
];

const partner = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com',
  aud: 'partners-api',
  client_id: 'acme',
  sub: 'acme',
  ...more,
});

const PARTNERS: Row[] = [
  { request: 'GET /partners', original: 'refused' },
  { request: 'GET /partners/catalogue', claims: partner(), original: 'allowed' },
  { request: 'POST /partners/catalogue', claims: partner(), original: 'allowed' },
  { request: 'GET /partners/catalogue', claims: partner({ aud: 'x' }), original: 'refused' },
  { request: 'GET /partners/prices/7', claims: partner(), original: 'allowed' },
  { request: 'PUT /partners/prices/7', claims: partner(), original: 'refused' },
  { request: 'PUT /partners/prices/7', claims: partner({ tier: 'editor' }), original: 'allowed' },
  { request: 'DELETE /partners/prices/7', claims: partner({ tier: 'editor' }), original: 'allowed' },
  { request: 'PROPFIND /partners/prices/7', claims: partner(), original: 'refused' },
  { request: 'GET /partners/legacy/7', claims: partner(), original: 'refused' },
  {
    request: 'GET /partners/scripted',
    claims: partner(),
    original: 'allowed',
    stricter: 'a script cannot be translated',
  },
  { request: 'OPTIONS /partners/catalogue', original: 'refused' },
];

const stock = (more: Record<string, unknown> = {}) => ({
  iss: 'https://new.example.com',
  aud: 'shop-api',
  client_id: 'acme',
  sub: 'u1',
  scope: 'stock:read',
  ...more,
});

const TOKENS: Row[] = [
  { request: 'GET /stock-api/stock/7', original: 'refused' },
  { request: 'GET /stock-api/stock/7', claims: stock(), original: 'allowed' },
  { request: 'PUT /stock-api/stock/7', claims: stock(), original: 'refused' },
  { request: 'PUT /stock-api/stock/7', claims: stock({ scope: 'stock:write' }), original: 'allowed' },
  { request: 'PUT /stock-api/stock/7', claims: stock({ scope: 'stock:admin other' }), original: 'allowed' },
  { request: 'GET /stock-api/stock/7', claims: stock({ iss: 'https://other.example.com' }), original: 'refused' },
];

testRows('apigee', 'orders', ORDERS, { TARGET_ARCHIVE_1: 'https://archive.internal' });
testRows('apigee', 'partners', PARTNERS);
testRows('apigee', 'tokens', TOKENS, {}, 'https://new.example.com');
testSize([...ORDERS, ...PARTNERS, ...TOKENS]);

test('tokens issued by Apigee are not accepted unless a replacement issuer is named', () => {
  assert.throws(() => imported('apigee', 'tokens'), /no route allows a request/);
});
