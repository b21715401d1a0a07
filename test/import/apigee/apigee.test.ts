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
  { call: 'GET /v1/shop/orders', original: 'refused' },
  { call: 'GET /v1/shop/orders', claims: user(), original: 'allowed' },
  { call: 'GET /v1/shop/orders', claims: user(), session: true, original: 'allowed' },
  { call: 'GET /v1/shop/orders', claims: user({ aud: 'x' }), original: 'refused' },
  { call: 'GET /v1/shop/orders', claims: user({ iss: 'https://id.example.com/realms/x' }), original: 'refused' },
  { call: 'POST /v1/shop/orders', claims: user(), original: 'refused' },
  { call: 'POST /v1/shop/orders', claims: clerk(), original: 'allowed' },
  { call: 'POST /v1/shop/orders', claims: clerk({ department: 'stock' }), original: 'refused' },
  { call: 'POST /v1/shop/orders', claims: clerk({ department: ['orders'] }), original: 'refused' },
  { call: 'PUT /v1/shop/orders', claims: clerk(), original: 'refused' },
  { call: 'GET /v1/shop/orders/7', claims: clerk(), original: 'allowed' },
  { call: 'GET /v1/shop/orders/7', claims: user(), original: 'refused' },
  { call: 'DELETE /v1/shop/orders/7', claims: clerk(), original: 'allowed' },
  { call: 'PATCH /v1/shop/orders/7', claims: clerk(), original: 'refused' },
  { call: 'GET /v1/shop/orders/7/lines', claims: clerk(), original: 'refused' },
  { call: 'GET /v1/shop/archive/2020/7', claims: user({ level: 3, staff: true }), original: 'allowed' },
  { call: 'PUT /v1/shop/archive/2020', claims: user({ level: 3, staff: true }), original: 'allowed' },
  { call: 'GET /v1/shop/archive/2020', claims: user({ level: 4, staff: true }), original: 'refused' },
  { call: 'GET /v1/shop/archive/2020', claims: user({ level: 3 }), original: 'refused' },
  { call: 'GET /v1/shop/archive/2020', original: 'refused' },
  { call: 'GET /v1/shop/beta/x', claims: user(), original: 'refused' },
  { call: 'GET /v1/shop', claims: clerk(), original: 'refused' },
  { call: 'GET /v1/shop/elsewhere', claims: clerk(), original: 'refused' },
  { call: 'GET /v2/shop/orders', claims: clerk(), original: 'refused' },
];

const partner = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com',
  aud: 'partners-api',
  client_id: 'acme',
  sub: 'acme',
  ...more,
});

const PARTNERS: Row[] = [
  { call: 'GET /partners', original: 'refused' },
  { call: 'GET /partners/catalogue', claims: partner(), original: 'allowed' },
  { call: 'POST /partners/catalogue', claims: partner(), original: 'allowed' },
  { call: 'GET /partners/catalogue', claims: partner({ aud: 'x' }), original: 'refused' },
  { call: 'GET /partners/prices/7', claims: partner(), original: 'allowed' },
  { call: 'PUT /partners/prices/7', claims: partner(), original: 'refused' },
  { call: 'PUT /partners/prices/7', claims: partner({ tier: 'editor' }), original: 'allowed' },
  { call: 'DELETE /partners/prices/7', claims: partner({ tier: 'editor' }), original: 'allowed' },
  { call: 'PROPFIND /partners/prices/7', claims: partner(), original: 'refused' },
  { call: 'GET /partners/legacy/7', claims: partner(), original: 'refused' },
  { call: 'GET /partners/scripted', claims: partner(), original: 'allowed', stricter: 'a script cannot be translated' },
  { call: 'OPTIONS /partners/catalogue', original: 'refused' },
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
  { call: 'GET /stock-api/stock/7', original: 'refused' },
  { call: 'GET /stock-api/stock/7', claims: stock(), original: 'allowed' },
  { call: 'PUT /stock-api/stock/7', claims: stock(), original: 'refused' },
  { call: 'PUT /stock-api/stock/7', claims: stock({ scope: 'stock:write' }), original: 'allowed' },
  { call: 'PUT /stock-api/stock/7', claims: stock({ scope: 'stock:admin other' }), original: 'allowed' },
  { call: 'GET /stock-api/stock/7', claims: stock({ iss: 'https://other.example.com' }), original: 'refused' },
];

testRows('apigee', 'orders', ORDERS, { TARGET_ARCHIVE_1: 'https://archive.internal' });
testRows('apigee', 'partners', PARTNERS);
testRows('apigee', 'tokens', TOKENS, {}, 'https://new.example.com');
testSize([...ORDERS, ...PARTNERS, ...TOKENS]);

test('tokens issued by Apigee are not accepted unless a replacement issuer is named', () => {
  assert.throws(() => imported('apigee', 'tokens'), /no route allows a request/);
});
