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
  { call: 'GET /api/orders', original: 'refused' },
  { call: 'GET /api/orders', claims: user(), original: 'allowed' },
  { call: 'HEAD /api/orders', claims: user(), original: 'allowed' },
  { call: 'GET /api/orders/7/lines', claims: user(), original: 'allowed' },
  { call: 'GET /api/orders', claims: user(), session: true, original: 'allowed' },
  { call: 'GET /api/orders', claims: user({ scope: 'openid' }), original: 'refused' },
  { call: 'GET /api/orders', claims: user({ scope: 'read:orders:all' }), original: 'refused' },
  { call: 'GET /api/orders', claims: user({ aud: 'stock-api' }), original: 'refused' },
  { call: 'GET /api/orders', claims: user({ aud: ['stock-api', 'orders-api'] }), original: 'allowed' },
  { call: 'GET /api/orders', claims: user({ iss: 'https://id.example.com/realms/other' }), original: 'refused' },
  { call: 'POST /api/orders', claims: user(), original: 'refused' },
  { call: 'POST /api/orders', claims: user({ scope: 'read:orders write:orders' }), original: 'allowed' },
  { call: 'POST /api/orders', claims: user({ scope: 'write:orders' }), original: 'refused' },
  { call: 'POST /api/orders', claims: user({ scope: 'orders:admin' }), original: 'allowed' },
  {
    call: 'PUT /api/orders/7',
    claims: user({ scope: 'orders:admin', realm_access: { roles: ['manager'] } }),
    original: 'allowed',
  },
  {
    call: 'PUT /api/orders/7',
    claims: user({ scope: 'orders:admin', realm_access: { roles: ['guest'] } }),
    original: 'refused',
  },
  { call: 'PUT /api/orders/7', claims: user({ scope: 'orders:admin', realm_access: {} }), original: 'refused' },
  { call: 'POST /api/orders', claims: user({ scope: 'orders:admin' }), session: true, original: 'allowed' },
  { call: 'DELETE /api/orders/7', claims: user({ scope: 'orders:admin' }), original: 'refused' },
  { call: 'GET /api/status', original: 'allowed' },
  { call: 'POST /api/status/x', original: 'allowed' },
  { call: 'GET /api/statuses', original: 'allowed', stricter: 'a pattern matches whole segments' },
  { call: 'GET /images/x', original: 'refused' },
  { call: 'GET /elsewhere', claims: user(), original: 'refused' },
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
  { call: 'GET /partners', original: 'refused' },
  { call: 'GET /partners', claims: partner(), original: 'allowed' },
  { call: 'POST /partners/anything', claims: partner(), original: 'allowed' },
  { call: 'GET /partners', claims: partner({ aud: 'orders-api' }), original: 'refused' },
  { call: 'GET /partners/prices', claims: partner(), original: 'refused' },
  { call: 'GET /partners/prices', claims: partner({ groups: ['gold'] }), original: 'allowed' },
  { call: 'GET /partners/prices/7', claims: partner({ groups: ['silver', 'platinum'] }), original: 'allowed' },
  { call: 'GET /partners/prices', claims: partner({ groups: [] }), original: 'refused' },
  { call: 'GET /partners/prices', original: 'refused' },
  { call: 'GET /partners/secrets', claims: partner({ groups: ['guests'] }), original: 'refused' },
  {
    call: 'GET /partners/secrets',
    claims: partner({ groups: ['gold'] }),
    original: 'allowed',
    stricter: 'a rule cannot require that a group is missing',
  },
  { call: 'GET /partners/items/7/stock', claims: partner(), original: 'allowed' },
  { call: 'GET /partners/items/7/stock', original: 'refused' },
  {
    call: 'GET /partners/numbers/7',
    claims: partner(),
    original: 'allowed',
    stricter: 'no pattern matches digits only',
  },
  { call: 'GET /legacy', original: 'refused' },
  { call: 'GET /legacy', claims: partner(), original: 'refused' },
];

const app = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com',
  aud: 'reports-api',
  client_id: 'finance-app',
  sub: 'finance-app',
  ...more,
});

const CONSUMERS: Row[] = [
  { call: 'GET /reports', claims: app(), original: 'allowed' },
  { call: 'GET /reports', claims: app({ client_id: 'sales-app' }), original: 'allowed' },
  { call: 'GET /reports', claims: app({ client_id: 'stranger' }), original: 'refused' },
  { call: 'GET /reports', claims: app({ aud: 'tools-api' }), original: 'refused' },
  { call: 'GET /reports/board/7', claims: app(), original: 'allowed' },
  { call: 'GET /reports/board/7', claims: app({ client_id: 'sales-app' }), original: 'refused' },
  { call: 'GET /reports/board', claims: app({ client_id: 'sales-app' }), original: 'refused' },
  { call: 'GET /reports/board', original: 'refused' },
  {
    call: 'GET /tools',
    claims: app({ aud: 'tools-api' }),
    original: 'allowed',
    stricter: 'ip-restriction has no counterpart',
  },
];

testRows('kong', 'shop.yaml', SHOP);
testRows('kong', 'partners.yaml', PARTNERS);
testRows('kong', 'consumers.yaml', CONSUMERS);
testSize([...SHOP, ...PARTNERS, ...CONSUMERS]);
