/** Policy documents of Azure API Management: decisions of the gateway after the translation, compared with the documents. */
import { type Row, testRows, testSize } from '../translated.ts';

const user = (more: Record<string, unknown> = {}) => ({
  iss: 'https://id.example.com/realms/shop',
  aud: 'orders-api',
  azp: 'shop-web',
  sub: 'u1',
  sid: 's1',
  typ: 'Bearer',
  scope: 'openid read:orders',
  ...more,
});
const writer = (more: Record<string, unknown> = {}) => user({ scope: 'read:orders write:orders', ...more });

const ORDERS: Row[] = [
  { request: 'GET /api/orders', original: 'refused' },
  { request: 'GET /api/orders', claims: user(), original: 'allowed' },
  { request: 'GET /api', claims: user(), original: 'allowed' },
  { request: 'HEAD /api/orders/7', claims: user(), original: 'allowed' },
  { request: 'PATCH /api/orders/7', claims: user(), original: 'allowed' },
  { request: 'GET /api/orders', claims: user(), session: true, original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ scope: 'write:orders' }), original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ scope: 'openid' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ scope: 'read:orders.all' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ aud: 'https://api.example.com/orders' }), original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ aud: ['x', 'orders-api'] }), original: 'allowed' },
  { request: 'GET /api/orders', claims: user({ aud: 'x' }), original: 'refused' },
  { request: 'GET /api/orders', claims: user({ iss: 'https://id.example.com/realms/x' }), original: 'refused' },
  { request: 'POST /api/orders', claims: user(), original: 'refused' },
  { request: 'POST /api/orders', claims: writer(), original: 'allowed' },
  { request: 'PUT /api/orders/7', claims: writer(), original: 'allowed' },
  { request: 'PUT /api/orders/7', claims: user({ scope: 'write:orders' }), original: 'refused' },
  { request: 'POST /api/orders', claims: writer({ aud: 'x' }), original: 'refused' },
  { request: 'DELETE /api/orders/7', claims: writer(), original: 'refused' },
  { request: 'DELETE /api/orders/7', claims: user({ department: 'board' }), original: 'allowed' },
  { request: 'DELETE /api/orders/7', claims: user({ department: ['sales', 'audit'] }), original: 'allowed' },
  { request: 'DELETE /api/orders/7', claims: user({ department: 'boardroom' }), original: 'refused' },
  { request: 'DELETE /api/orders/7', original: 'refused' },
];

const TENANT = '33333333-3333-3333-3333-333333333333';
const entra = (more: Record<string, unknown> = {}) => ({
  iss: `https://login.microsoftonline.com/${TENANT}/v2.0`,
  aud: 'api://orders',
  azp: '11111111-1111-1111-1111-111111111111',
  sub: 'u1',
  oid: 'o1',
  scp: 'Orders.Read profile',
  roles: ['approver', 'clerk', 'other'],
  ...more,
});

const ENTRA: Row[] = [
  { request: 'GET /api/orders', original: 'refused' },
  { request: 'GET /api/orders', claims: entra(), original: 'allowed' },
  { request: 'POST /api/orders', claims: entra({ scp: 'Orders.ReadWrite' }), original: 'allowed' },
  { request: 'GET /api/orders', claims: entra({ azp: '22222222-2222-2222-2222-222222222222' }), original: 'allowed' },
  { request: 'GET /api/orders', claims: entra({ azp: '44444444-4444-4444-4444-444444444444' }), original: 'refused' },
  { request: 'GET /api/orders', claims: entra({ scp: 'profile' }), original: 'refused' },
  { request: 'GET /api/orders', claims: entra({ scp: 'Orders.Read.All' }), original: 'refused' },
  { request: 'GET /api/orders', claims: entra({ roles: ['clerk'] }), original: 'refused' },
  { request: 'GET /api/orders', claims: entra({ roles: [] }), original: 'refused' },
  { request: 'GET /api/orders', claims: entra({ aud: 'api://stock' }), original: 'refused' },
  {
    request: 'GET /api/orders',
    claims: entra({ iss: 'https://login.microsoftonline.com/55555555-5555-5555-5555-555555555555/v2.0' }),
    original: 'refused',
  },
  {
    request: 'GET /api/orders',
    claims: entra({
      iss: `https://sts.windows.net/${TENANT}/`,
      azp: undefined,
      appid: '11111111-1111-1111-1111-111111111111',
    }),
    original: 'allowed',
    stricter: 'version 1 tokens have another issuer',
  },
];

const partner = (more: Record<string, unknown> = {}) => ({
  iss: 'https://partners.eu.auth0.com/',
  aud: 'https://api.example.com/partners',
  azp: 'acme',
  sub: 'auth0|u1',
  'https://example.com/regions': 'us,eu.west',
  tier: 'gold',
  contract: 'c1',
  ...more,
});
const REGIONS = 'https://example.com/regions';

const PARTNERS: Row[] = [
  { request: 'GET /api/p', original: 'refused' },
  { request: 'GET /api/p', claims: partner(), original: 'allowed' },
  { request: 'GET /api/p', claims: partner({ [REGIONS]: 'eu.north' }), original: 'allowed' },
  { request: 'GET /api/p', claims: partner({ [REGIONS]: 'eu.north,us' }), original: 'allowed' },
  { request: 'GET /api/p', claims: partner({ [REGIONS]: 'us' }), original: 'refused' },
  { request: 'GET /api/p', claims: partner({ [REGIONS]: 'eu.northern' }), original: 'refused' },
  { request: 'GET /api/p', claims: partner({ [REGIONS]: 'eu-west' }), original: 'refused' },
  { request: 'GET /api/p', claims: partner({ tier: 'silver' }), original: 'refused' },
  { request: 'GET /api/p', claims: partner({ tier: undefined }), original: 'refused' },
  { request: 'GET /api/p', claims: partner({ aud: 'x' }), original: 'refused' },
  {
    request: 'GET /api/p',
    claims: partner({ contract: undefined }),
    original: 'allowed',
    stricter: 'a requirement under a condition that is not about the method always applies',
  },
  { request: 'POST /api/p', claims: partner(), original: 'allowed', stricter: 'ip-filter has no counterpart' },
];

testRows('apim', 'orders.xml', ORDERS);
testRows('apim', 'entra.xml', ENTRA, { AAD_TENANT_ID: TENANT, BACKEND_ORDERS_BACKEND: 'https://orders.internal' });
testRows('apim', 'partners.xml', PARTNERS, { PARTNERS_BACKEND: 'https://partners.internal' });
testSize([...ORDERS, ...ENTRA, ...PARTNERS]);
