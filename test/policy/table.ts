/** Rows of the table of rules: the rule, the claims of the token, and the expected response. */
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { ProviderKind } from '../../src/oidc/products/registry.ts';

type RuleInput = NonNullable<NonNullable<ConfigInput['routes']>[number]['rules']>[number];
export type Claims = Record<string, unknown>;

/**
 * `200`, or status, code and exact reason: the reason in the body, or for a challenge its parameters without realm and
 * metadata.
 */
export type Expected = '200' | `${number} ${string}`;

export interface Row {
  about: string;
  kind: ProviderKind;
  rule: Partial<RuleInput>;
  claims: Claims;
  expected: Expected;
}

export const NOW_S = 1_800_000_000;

/** Claims of a user's token by product; a row adds to them. */
export const USER: Record<ProviderKind, Claims> = {
  generic: { sub: 'u1', client_id: 'web' },
  keycloak: { sub: 'u1', azp: 'web', typ: 'Bearer', sid: 's1' },
  auth0: { sub: 'auth0|u1', azp: 'web' },
  entra: { sub: 'u1', oid: 'o1', azp: 'web', scp: 'x', tid: 't1' },
  okta: { sub: 'alice@shop.test', uid: 'u1', cid: 'web', scp: ['x'] },
  cognito: { sub: 'u1', username: 'alice', client_id: 'web', token_use: 'access' },
  google: { sub: 'u1' },
  gitlab: { sub: 'u1', client_id: 'web' },
  zitadel: { sub: 'u1', client_id: 'web', aud: ['web', 'orders-api'], jti: 'j1' },
  authentik: { sub: 'u1', azp: 'web', uid: 'r1', sid: 's1' },
  adfs: { upn: 'alice@shop.test', appid: 'web', scp: 'x' },
  pingone: { sub: 'u1', client_id: 'web', sid: 's1' },
  logto: { sub: 'u1', client_id: 'web' },
};
export const MACHINE: Record<ProviderKind, Claims> = {
  generic: { sub: 'job', client_id: 'job' },
  keycloak: { sub: 'm1', azp: 'job', client_id: 'job', typ: 'Bearer', preferred_username: 'service-account-job' },
  auth0: { sub: 'job@clients', azp: 'job', gty: 'client-credentials' },
  entra: { sub: 'o9', oid: 'o9', azp: 'job', idtyp: 'app', roles: [], tid: 't1' },
  okta: { sub: 'job', cid: 'job', uid: undefined, scp: ['x'] },
  cognito: { sub: 'job', username: undefined, client_id: 'job', token_use: 'access' },
  google: {},
  gitlab: { client_id: 'job' },
  zitadel: { sub: 'm1', client_id: 'm1', jti: 'j1' },
  authentik: { sub: 'm1', azp: 'web', uid: 'r1', preferred_username: 'ak-shop-client_credentials' },
  adfs: { sub: 'job', appid: 'job' },
  pingone: { sub: undefined, client_id: 'job' },
  logto: { sub: 'job', client_id: 'job' },
};

const rowsOf = (about: string, kind: ProviderKind, rule: Partial<RuleInput>, cases: [Claims, Expected][]): Row[] =>
  cases.map(([claims, expected], at) => ({ about: `${about} #${at + 1}`, kind, rule, claims, expected }));

const DENIED = (reason: string): Expected => `403 access_denied ${reason}`;
const SCOPE = (scope: string): Expected => `403 insufficient_scope error="insufficient_scope", scope="${scope}"`;
const STEP = (params: string): Expected => `401 step_up_required error="insufficient_user_authentication", ${params}`;

const scopes: Row[] = [
  ...rowsOf('one scope', 'generic', { scopes: ['read:orders'] }, [
    [{ scope: 'read:orders' }, '200'],
    [{ scope: 'openid read:orders profile' }, '200'],
    [{ scope: 'read:orders2' }, SCOPE('read:orders')],
    [{ scope: 'Read:orders' }, SCOPE('read:orders')],
    [{ scope: 'xread:orders' }, SCOPE('read:orders')],
    [{ scope: 'read' }, SCOPE('read:orders')],
    [{ scope: '' }, SCOPE('read:orders')],
    [{}, SCOPE('read:orders')],
    [{ scope: ['read:orders'] }, '200'],
    [{ scope: ['read:orders', 5] }, SCOPE('read:orders')],
    [{ scope: ['read:orders2'] }, SCOPE('read:orders')],
    [{ scope: { 0: 'read:orders' } }, SCOPE('read:orders')],
    [{ scope: null }, SCOPE('read:orders')],
    [{ scope: 7 }, SCOPE('read:orders')],
    [{ scope: true }, SCOPE('read:orders')],
    [{ scope: 'read:orders,write:orders' }, SCOPE('read:orders')],
    [{ scope: 'read:orders\u00a0x' }, SCOPE('read:orders')],
    [{ scopes: 'read:orders' }, SCOPE('read:orders')],
    [{ scp: 'read:orders' }, '200'],
    [{ scp: ['read:orders'] }, '200'],
    [{ scp: 'read:orders2' }, SCOPE('read:orders')],
    [{ permissions: ['read:orders'] }, SCOPE('read:orders')],
  ]),
  ...rowsOf('several scopes', 'generic', { scopes: ['a', 'b'] }, [
    [{ scope: 'a b' }, '200'],
    [{ scope: 'b a' }, '200'],
    [{ scope: 'a' }, SCOPE('b')],
    [{ scope: 'b' }, SCOPE('a')],
    [{ scope: 'ab' }, SCOPE('a b')],
  ]),
  ...rowsOf('a choice of scopes', 'generic', { scopes: ['a', ['b', 'c']] }, [
    [{ scope: 'a b' }, '200'],
    [{ scope: 'a c' }, '200'],
    [{ scope: 'a' }, SCOPE('b')],
    [{ scope: 'b c' }, SCOPE('a')],
  ]),
  ...rowsOf('scp of Entra ID', 'entra', { scopes: ['orders.read'] }, [
    [{ scp: 'orders.read orders.write' }, '200'],
    [{ scp: 'orders.readwrite' }, SCOPE('orders.read')],
    [{ scope: 'orders.read' }, SCOPE('orders.read')],
  ]),
];

const claims: Row[] = [
  ...rowsOf('equals a text', 'generic', { claims: { department: { equals: 'finance' } } }, [
    [{ department: 'finance' }, '200'],
    [{ department: 'Finance' }, DENIED('claim')],
    [{ department: ['finance'] }, DENIED('claim')],
    [{ department: { finance: true } }, DENIED('claim')],
    [{ department: null }, DENIED('claim')],
    [{}, DENIED('claim')],
  ]),
  ...rowsOf('equals a number', 'generic', { claims: { level: { equals: 3 } } }, [
    [{ level: 3 }, '200'],
    [{ level: 3.0 }, '200'],
    [{ level: '3' }, DENIED('claim')],
    [{ level: 4 }, DENIED('claim')],
    [{ level: true }, DENIED('claim')],
  ]),
  ...rowsOf('equals a boolean', 'generic', { claims: { email_verified: { equals: true } } }, [
    [{ email_verified: true }, '200'],
    [{ email_verified: 'true' }, DENIED('claim')],
    [{ email_verified: 1 }, DENIED('claim')],
    [{ email_verified: false }, DENIED('claim')],
    [{}, DENIED('claim')],
  ]),
  ...rowsOf('any of', 'generic', { claims: { department: { anyOf: ['finance', 'board'] } } }, [
    [{ department: 'board' }, '200'],
    [{ department: ['sales', 'finance'] }, '200'],
    [{ department: ['sales'] }, DENIED('claim')],
    [{ department: [] }, DENIED('claim')],
    [{ department: 'finance board' }, DENIED('claim')],
    [{ department: [['finance']] }, DENIED('claim')],
    [{ department: { 0: 'finance' } }, DENIED('claim')],
  ]),
  ...rowsOf('all of', 'generic', { claims: { groups: { allOf: ['a', 'b'] } } }, [
    [{ groups: ['b', 'c', 'a'] }, '200'],
    [{ groups: ['a'] }, DENIED('claim')],
    [{ groups: 'a' }, DENIED('claim')],
    [{ groups: 'a b' }, DENIED('claim')],
    [{}, DENIED('claim')],
  ]),
  ...rowsOf('matches', 'generic', { claims: { email: { matches: '[a-z.]+@shop\\.test' } } }, [
    [{ email: 'alice@shop.test' }, '200'],
    [{ email: 'alice@shop.test.evil.example' }, DENIED('claim')],
    [{ email: 'x alice@shop.test' }, DENIED('claim')],
    [{ email: 'a@evil@shop.test' }, DENIED('claim')],
    [{ email: 'alice@shop.test\n' }, DENIED('claim')],
    [{ email: 'alice@shopXtest' }, DENIED('claim')],
    [{ email: ['bob@other.test', 'alice@shop.test'] }, '200'],
    [{ email: 7 }, DENIED('claim')],
    [{ email: `${'a'.repeat(1_000)}@shop.test` }, DENIED('claim')],
  ]),
  ...rowsOf('a nested path', 'generic', { claims: { 'address.country': { equals: 'CH' } } }, [
    [{ address: { country: 'CH' } }, '200'],
    [{ 'address.country': 'CH' }, '200'],
    [{ address: { country: 'DE' } }, DENIED('claim')],
    [{ address: 'CH' }, DENIED('claim')],
    [{ address: ['country', 'CH'] }, DENIED('claim')],
    [{ country: 'CH' }, DENIED('claim')],
  ]),
  ...rowsOf('a name with dots and slashes', 'auth0', { claims: { 'https://shop.test/roles': { anyOf: ['editor'] } } }, [
    [{ 'https://shop.test/roles': ['editor'] }, '200'],
    [{ 'https://shop.test/roles': ['reader'] }, DENIED('claim')],
    [{ 'https://shop': { 'test/roles': ['editor'] } }, '200'],
    [{ roles: ['editor'] }, DENIED('claim')],
  ]),
  ...rowsOf(
    'a property that every object inherits',
    'generic',
    { claims: { 'constructor.name': { equals: 'Object' } } },
    [
      [{}, DENIED('claim')],
      [{ constructor: { name: 'Object' } }, '200'],
    ],
  ),
  ...rowsOf('two claims', 'generic', { claims: { a: { equals: 1 }, b: { equals: 2 } } }, [
    [{ a: 1, b: 2 }, '200'],
    [{ a: 1 }, DENIED('claim')],
    [{ b: 2 }, DENIED('claim')],
  ]),
];

const roles: Row[] = [
  ...rowsOf('realm roles of Keycloak', 'keycloak', { roles: ['editor'] }, [
    [{ realm_access: { roles: ['editor', 'x'] } }, '200'],
    [{ realm_access: { roles: ['Editor'] } }, DENIED('role')],
    [{ realm_access: { roles: 'editor' } }, '200'],
    [{ realm_access: { roles: ['editor', 7] } }, DENIED('role')],
    [{ realm_access: ['editor'] }, DENIED('role')],
    [{ resource_access: { web: { roles: ['editor'] } } }, DENIED('role')],
    [{ roles: ['editor'] }, DENIED('role')],
    [{}, DENIED('role')],
  ]),
  ...rowsOf('client roles of Keycloak', 'keycloak', { roles: [{ client: 'orders-api', role: 'writer' }] }, [
    [{ resource_access: { 'orders-api': { roles: ['writer'] } } }, '200'],
    [{ resource_access: { 'orders-api2': { roles: ['writer'] } } }, DENIED('role')],
    [{ resource_access: { 'orders-api': { roles: ['reader'] } } }, DENIED('role')],
    [{ resource_access: { 'orders-api': ['writer'] } }, DENIED('role')],
    [{ realm_access: { roles: ['writer'] } }, DENIED('role')],
  ]),
  ...rowsOf('a choice of roles', 'keycloak', { roles: [['editor', { client: 'orders-api', role: 'writer' }]] }, [
    [{ realm_access: { roles: ['editor'] } }, '200'],
    [{ resource_access: { 'orders-api': { roles: ['writer'] } } }, '200'],
    [{ realm_access: { roles: ['writer'] } }, DENIED('role')],
  ]),
  ...rowsOf('app roles of Entra ID', 'entra', { roles: ['Orders.Write'] }, [
    [{ roles: ['Orders.Write'] }, '200'],
    [{ roles: ['Orders.Read'] }, DENIED('role')],
    [{ wids: ['Orders.Write'] }, DENIED('role')],
    [{}, DENIED('role')],
  ]),
  ...rowsOf('permissions of Auth0', 'auth0', { roles: ['write:orders'] }, [
    [{ permissions: ['write:orders'] }, '200'],
    [{ permissions: [] }, DENIED('role')],
    [{ scope: 'write:orders' }, DENIED('role')],
    [{}, DENIED('role')],
  ]),
  ...rowsOf('roles of any other issuer', 'generic', { roles: ['editor', 'admin'] }, [
    [{ roles: ['admin', 'editor'] }, '200'],
    [{ roles: ['admin'] }, DENIED('role')],
    [{ roles: 'editor admin' }, DENIED('role')],
    [{ roles: { editor: true, admin: true } }, DENIED('role')],
  ]),
];

const groups: Row[] = [
  ...rowsOf('groups', 'generic', { groups: ['/staff'] }, [
    [{ groups: ['/staff'] }, '200'],
    [{ groups: ['/staff/board'] }, DENIED('group')],
    [{ groups: ['staff'] }, DENIED('group')],
    [{}, DENIED('group')],
    [{ groups: [{ name: '/staff' }] }, DENIED('group')],
  ]),
  ...rowsOf('groups of Entra ID, and group overage', 'entra', { groups: [['g1', 'g2']] }, [
    [{ groups: ['g2'] }, '200'],
    [{ groups: ['g3'] }, DENIED('group')],
    [{ _claim_names: { groups: 'src1' }, _claim_sources: { src1: {} } }, DENIED('groups_overage')],
    [{ hasgroups: true }, DENIED('groups_overage')],
    [{ hasgroups: 'true', groups: ['g1'] }, DENIED('groups_overage')],
    [{ _claim_names: { groups: 'src1' }, groups: ['g1'] }, DENIED('groups_overage')],
    [{}, DENIED('group')],
  ]),
];

const signIn: Row[] = [
  ...rowsOf('one acr', 'generic', { acr: 'gold' }, [
    [{ acr: 'gold' }, '200'],
    [{ acr: 'Gold' }, STEP('acr_values="gold"')],
    [{ acr: 'silver' }, STEP('acr_values="gold"')],
    [{ acr: ['gold'] }, STEP('acr_values="gold"')],
    [{}, STEP('acr_values="gold"')],
  ]),
  ...rowsOf('one of two acr values', 'generic', { acr: ['gold', 'platinum'] }, [
    [{ acr: 'platinum' }, '200'],
    [{ acr: 'gold platinum' }, STEP('acr_values="gold platinum"')],
  ]),
  ...rowsOf('a maximum age', 'generic', { maxAge: '5m' }, [
    [{ auth_time: NOW_S - 10 }, '200'],
    [{ auth_time: NOW_S - 329 }, '200'],
    [{ auth_time: NOW_S - 331 }, STEP('max_age="300"')],
    [{ auth_time: String(NOW_S) }, STEP('max_age="300"')],
    [{ auth_time: null }, STEP('max_age="300"')],
    [{}, STEP('max_age="300"')],
  ]),
  ...rowsOf('acr and maximum age', 'generic', { acr: 'gold', maxAge: '5m' }, [
    [{ acr: 'gold', auth_time: NOW_S }, '200'],
    [{ acr: 'gold' }, STEP('acr_values="gold", max_age="300"')],
    [{ auth_time: NOW_S }, STEP('acr_values="gold", max_age="300"')],
  ]),
];

const SUBJECT = DENIED('subject');
const callers: Row[] = [
  ...(['generic', 'keycloak', 'auth0', 'entra', 'okta', 'cognito', 'pingone', 'logto'] as const).flatMap((kind) => [
    ...rowsOf(`a user of ${kind} where users may`, kind, { token: 'user' }, [[{}, '200']]),
    ...rowsOf(`a user of ${kind} where machines may`, kind, { token: 'client' }, [[{}, SUBJECT]]),
    ...rowsOf(`a machine of ${kind} where users may`, kind, { token: 'user' }, [
      [{ ...MACHINE[kind], scp: undefined, sid: undefined }, SUBJECT],
    ]),
    ...rowsOf(`a machine of ${kind} where machines may`, kind, { token: 'client' }, [
      [{ ...MACHINE[kind], scp: undefined, sid: undefined }, '200'],
    ]),
    ...rowsOf(`a machine of ${kind} where both may`, kind, { token: 'user-or-client' }, [
      [{ ...MACHINE[kind], scp: undefined, sid: undefined }, '200'],
    ]),
  ]),
  ...rowsOf('a client id like a user’s subject', 'generic', { token: 'user' }, [
    [{ sub: 'u1', client_id: 'u1' }, SUBJECT],
  ]),
  ...rowsOf('an unknown subject', 'generic', { token: 'user-or-client' }, [[{ client_id: undefined }, SUBJECT]]),
  ...rowsOf('a service account that has a session too', 'keycloak', { token: 'user-or-client' }, [
    [{ preferred_username: 'service-account-job' }, SUBJECT],
  ]),
  ...rowsOf('a user where guests may', 'generic', { token: 'user-or-none', scopes: ['a'] }, [
    [{ scope: 'a' }, '200'],
    [{ scope: 'b' }, SCOPE('a')],
  ]),
];

const order: Row[] = [
  ...rowsOf(
    'a denial comes before refusals that another token or sign-in could avoid',
    'generic',
    { scopes: ['a'], claims: { x: { equals: 1 } }, acr: 'gold' },
    [
      [{}, DENIED('claim')],
      [{ x: 1 }, SCOPE('a')],
      [{ x: 1, scope: 'a' }, STEP('acr_values="gold"')],
      [{ x: 1, scope: 'a', acr: 'gold' }, '200'],
    ],
  ),
];

export const TABLE: readonly Row[] = [...scopes, ...claims, ...roles, ...groups, ...signIn, ...callers, ...order];
