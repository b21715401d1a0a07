/** Kong's declarative files: decisions of the gateway after the translation, compared with those of Kong. */
import { type Row, testRows, testSize } from '../translated.ts';

const user = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com/realms/shop',
  aud: 'orders-api',
  azp: 'shop-web',
  sub: 'u1',
  sid: 's1',
  typ: 'Bearer',
  scope: 'openid read:orders',
  realm_access: { roles: ['clerk'] },
  ...more,
});

const SHOP: Row[] = [
  { request: 'GET /api/orders', original: 'refused' },
  { request: 'GET /api/orders', claims: user(), original: 'allowed' },
  { request: 'HEAD /api/orders', claims: user(), original: 'allowed' },
  { request: 'GET /api/orders/7/lines', claims: user(), original: 'allowed' },
  { request: 'GET /api/orders', claims: user(), session: true, original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ scope: 'openid' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ scope: 'read:orders:all' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ aud: 'stock-api' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ aud: ['stock-api', 'orders-api'] }), original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ iss: 'https://id.example.com/realms/other' }), original: 'refused' },
  { request: 'POST /api/orders', claims: user(), original: 'refused' },
  { request: 'POST /api/orders', claims: user({ scope: 'read:orders write:orders' }), original: 'allowed' },
  { request: 'POST /api/orders', claims: user({ scope: 'write:orders' }), original: 'refused' },
  { request: 'POST /api/orders', claims: user({ scope: 'orders:admin' }), original: 'allowed' },
  {
    request: 'PUT /api/orders/7',
    claims: user({ scope: 'orders:admin', realm_access: { roles: ['manager'] } }),
    original: 'allowed',
  },
  {
    request: 'PUT /api/orders/7',
    claims: user({ scope: 'orders:admin', realm_access: { roles: ['guest'] } }),
    original: 'refused',
  },
  { request: 'PUT /api/orders/7', claims: user({ scope: 'orders:admin', realm_access: {} }), original: 'refused' },
  { request: 'POST /api/orders', claims: user({ scope: 'orders:admin' }), session: true, original: 'allowed' },
  { request: 'DELETE /api/orders/7', claims: user({ scope: 'orders:admin' }), original: 'refused' },
  { request: 'GET /api/status', original: 'allowed' },
  { request: 'POST /api/status/x', original: 'allowed' },
  { request: 'GET /api/statuses', original: 'allowed', stricter: 'a pattern matches whole segments' },
  { request: 'GET /images/x', original: 'refused' },
  { request: 'GET /elsewhere', claims: user(), original: 'refused' },
];

const partner = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com/realms/partners',
  aud: 'partners-api',
  azp: 'acme',
  sub: 'u2',
  sid: 's2',
  typ: 'Bearer',
  groups: ['silver'],
  ...more,
});

const PARTNERS: Row[] = [
  { request: 'GET /partners', original: 'refused' },
  { request: 'GET /partners', claims: partner(), original: 'allowed' },
  { request: 'POST /partners/anything', claims: partner(), original: 'allowed' },
  { request: 'GET /partners', claims: partner({ aud: 'orders-api' }), original: 'refused' },
  { request: 'GET /partners/prices', claims: partner(), original: 'refused' },
  { request: 'GET /partners/prices', claims: partner({ groups: ['gold'] }), original: 'allowed' },
  { request: 'GET /partners/prices/7', claims: partner({ groups: ['silver', 'platinum'] }), original: 'allowed' },
  { request: 'GET /partners/prices', claims: partner({ groups: [] }), original: 'refused' },
  { request: 'GET /partners/prices', original: 'refused' },
  { request: 'GET /partners/secrets', claims: partner({ groups: ['guests'] }), original: 'refused' },
  {
    request: 'GET /partners/secrets',
    claims: partner({ groups: ['gold'] }),
    original: 'allowed',
    stricter: 'a rule cannot require that a group is missing',
  },
  { request: 'GET /partners/items/7/stock', claims: partner(), original: 'allowed' },
  { request: 'GET /partners/items/7/stock', original: 'refused' },
  {
    request: 'GET /partners/numbers/7',
    claims: partner(),
    original: 'allowed',
    stricter: 'no pattern matches digits only',
  },
  { request: 'GET /legacy', original: 'refused' },
  { request: 'GET /legacy', claims: partner(), original: 'refused' },
];

const app = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com',
  aud: 'reports-api',
  client_id: 'finance-app',
  sub: 'finance-app',
  ...more,
});

const CONSUMERS: Row[] = [
  { request: 'GET /reports', claims: app(), original: 'allowed' },
  { request: 'GET /reports', claims: app({ client_id: 'sales-app' }), original: 'allowed' },
  { request: 'GET /reports', claims: app({ client_id: 'stranger' }), original: 'refused' },
  { request: 'GET /reports', claims: app({ aud: 'tools-api' }), original: 'refused' },
  { request: 'GET /reports/board/7', claims: app(), original: 'allowed' },
  { request: 'GET /reports/board/7', claims: app({ client_id: 'sales-app' }), original: 'refused' },
  { request: 'GET /reports/board', claims: app({ client_id: 'sales-app' }), original: 'refused' },
  { request: 'GET /reports/board', original: 'refused' },
  {
    request: 'GET /tools',
    claims: app({ aud: 'tools-api' }),
    original: 'allowed',
    stricter: 'ip-restriction has no counterpart',
  },
];

testRows('kong', 'shop.yaml', SHOP);
testRows('kong', 'partners.yaml', PARTNERS);
testRows('kong', 'consumers.yaml', CONSUMERS);
testSize([...SHOP, ...PARTNERS, ...CONSUMERS]);
