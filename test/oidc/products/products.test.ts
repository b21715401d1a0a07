/** The tokens of each product: subject, type, scopes, roles and groups; and which product an issuer is. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Claims, TokenSubject } from '../../../src/oidc/products/base/facts.ts';
import type { Product } from '../../../src/oidc/products/base/product.ts';
import { clientIdOf } from '../../../src/oidc/products/base/standard.ts';
import { auth0 } from '../../../src/oidc/products/catalog/auth0.ts';
import { cognito } from '../../../src/oidc/products/catalog/cognito.ts';
import { entra } from '../../../src/oidc/products/catalog/entra.ts';
import { generic } from '../../../src/oidc/products/catalog/generic.ts';
import { keycloak } from '../../../src/oidc/products/catalog/keycloak.ts';
import { PRODUCTS, productOf } from '../../../src/oidc/products/registry.ts';
import * as table from '../../../src/oidc/products/table.ts';

const without = (claims: Claims, ...names: string[]) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.includes(name)));

/** Access tokens as in the documentation of each product. */
const user = {
  generic: { sub: 'user-1', client_id: 'shop-web', aud: 'orders-api', scope: 'openid read:orders' },
  keycloak: {
    sub: 'f1c2',
    azp: 'shop-web',
    typ: 'Bearer',
    sid: 's-1',
    scope: 'openid profile',
    preferred_username: 'alice',
  },
  auth0: {
    sub: 'auth0|123456',
    azp: 'K1AUPhZq',
    aud: ['https://api.test', 'https://t.auth0.com/userinfo'],
    scope: 'openid',
  },
  entra: {
    sub: 'HKZpfaHy',
    oid: '690222be',
    azp: '6e74172b',
    scp: 'orders.read orders.write',
    tid: '72f988bf',
    ver: '2.0',
  },
} as const;
const client = {
  generic: { sub: 'reports-job', client_id: 'reports-job', aud: 'orders-api', scope: 'read:orders' },
  keycloak: {
    sub: 'a7b8',
    azp: 'reports-job',
    client_id: 'reports-job',
    typ: 'Bearer',
    preferred_username: 'service-account-reports-job',
    clientHost: '10.0.0.7',
    clientAddress: '10.0.0.7',
  },
  auth0: { sub: 'K1AUPhZq@clients', azp: 'K1AUPhZq', aud: 'https://api.test', gty: 'client-credentials' },
  entra: { sub: '4d1c', oid: '4d1c', azp: '6e74172b', roles: ['Orders.Read.All'], tid: '72f988bf', ver: '2.0' },
} as const;

const SUBJECTS: [Product, string, Claims, TokenSubject][] = [
  [generic, 'a user', user.generic, 'user'],
  [generic, 'a client', client.generic, 'client'],
  [generic, 'a client by azp', { sub: 'job', azp: 'job' }, 'client'],
  [generic, 'a client without a subject', { client_id: 'job' }, 'client'],
  [generic, 'RS-13 a client named like a user', { sub: 'user-1', client_id: 'user-1' }, 'client'],
  [generic, 'an empty token', {}, 'unknown'],
  [generic, 'a subject without a client', { sub: 'user-1' }, 'unknown'],
  [generic, 'a user by introspection', { sub: 'user-1', username: 'alice' }, 'user'],
  [generic, 'RS-09 a subject that is a number', { sub: 7, client_id: 'job' }, 'client'],
  [generic, 'RS-09 a client that is a list', { sub: 'user-1', client_id: ['job'] }, 'unknown'],
  [keycloak, 'a user', user.keycloak, 'user'],
  [keycloak, 'a service account', client.keycloak, 'client'],
  [keycloak, 'RS-13 a service account with a session', { ...client.keycloak, sid: 's-1' }, 'unknown'],
  [
    keycloak,
    'RS-13 a user named like a service account',
    { ...user.keycloak, preferred_username: 'service-account-x' },
    'unknown',
  ],
  [keycloak, 'no session and no mark of a client', without(user.keycloak, 'sid'), 'unknown'],
  [keycloak, 'a client by its id alone', { sub: 'a7b8', client_id: 'job', typ: 'Bearer' }, 'client'],
  [keycloak, 'an empty token', {}, 'unknown'],
  [auth0, 'a user', user.auth0, 'user'],
  [auth0, 'a user of the RFC 9068 profile', { sub: 'auth0|1', client_id: 'K1AUPhZq' }, 'user'],
  [auth0, 'a client', client.auth0, 'client'],
  [auth0, 'a client of the RFC 9068 profile', { sub: 'K1AUPhZq@clients', client_id: 'K1AUPhZq' }, 'client'],
  [auth0, 'RS-13 a user with the subject of a client', { ...user.auth0, sub: 'auth0|K1AUPhZq@clients' }, 'unknown'],
  [auth0, 'RS-13 another client in the subject', { ...client.auth0, sub: 'other@clients' }, 'unknown'],
  [auth0, 'RS-13 client credentials with the subject of a user', { ...client.auth0, sub: 'auth0|123456' }, 'unknown'],
  [auth0, 'RS-13 the bare client id as subject', { sub: 'K1AUPhZq', azp: 'K1AUPhZq' }, 'unknown'],
  [auth0, 'RS-13 the same in the RFC 9068 profile', { sub: 'K1AUPhZq', client_id: 'K1AUPhZq' }, 'unknown'],
  [auth0, 'no subject', { azp: 'K1AUPhZq' }, 'unknown'],
  [auth0, 'RS-09 a subject that is a list', { sub: ['K1AUPhZq@clients'], azp: 'K1AUPhZq' }, 'unknown'],
  [entra, 'a user', user.entra, 'user'],
  [entra, 'a user with idtyp', { ...user.entra, idtyp: 'user' }, 'user'],
  [entra, 'a user of a version 1 token', { ...without(user.entra, 'azp'), appid: '6e74172b', ver: '1.0' }, 'user'],
  [entra, 'an app by its object id', client.entra, 'client'],
  [entra, 'an app by idtyp', { ...without(client.entra, 'oid'), idtyp: 'app' }, 'client'],
  [entra, 'RS-13 an app with scopes', { ...user.entra, idtyp: 'app' }, 'unknown'],
  [entra, 'neither scopes nor an object id', without(user.entra, 'scp', 'oid'), 'unknown'],
  [entra, 'a user without scopes', without(user.entra, 'scp'), 'unknown'],
  [entra, 'RS-09 scopes as a list', { ...user.entra, scp: ['orders.read'] }, 'unknown'],
  [entra, 'RS-09 subject and object id as equal lists', { ...client.entra, sub: ['4d1c'], oid: ['4d1c'] }, 'unknown'],
];

describe('the subject of a token', () => {
  for (const [product, name, claims, expected] of SUBJECTS) {
    test(`${product.kind}: ${name} is ${expected}`, () => assert.equal(product.subjectOf(claims), expected));
  }
});

const ID_TOKEN = { iss: 'https://id.test', sub: 'user-1', aud: 'shop-web', nonce: 'n-1' };
const LOGOUT = { 'http://schemas.openid.net/event/backchannel-logout': {} };
const OTHER_TYPES: [Product, string, Claims][] = [
  [generic, 'an ID token with a nonce', ID_TOKEN],
  [generic, 'an ID token with at_hash', { ...user.generic, at_hash: 'x' }],
  [generic, 'an ID token with c_hash', { ...user.generic, c_hash: 'x' }],
  [generic, 'a logout token', { ...user.generic, events: LOGOUT }],
  [generic, 'a malformed security event', { ...user.generic, events: 'x' }],
  [keycloak, 'an ID token', { ...user.keycloak, typ: 'ID' }],
  [keycloak, 'a refresh token', { ...user.keycloak, typ: 'Refresh' }],
  [keycloak, 'an offline token', { ...user.keycloak, typ: 'Offline' }],
  [keycloak, 'a logout token', { ...user.keycloak, typ: 'Logout', events: LOGOUT }],
  [keycloak, 'a logout token that says Bearer', { ...user.keycloak, events: LOGOUT }],
  [keycloak, 'an ID token that says Bearer', { ...user.keycloak, at_hash: 'x' }],
  [keycloak, 'a token without a type', without(user.keycloak, 'typ')],
  [keycloak, 'RS-09 a type in lower case', { ...user.keycloak, typ: 'bearer' }],
  [keycloak, 'RS-09 a type that is a list', { ...user.keycloak, typ: ['Bearer'] }],
  [keycloak, 'RS-09 a type that is an object', { ...user.keycloak, typ: { Bearer: true } }],
  [auth0, 'an ID token', { ...ID_TOKEN, sid: 's' }],
  [auth0, 'an ID token without a nonce', { ...without(ID_TOKEN, 'nonce'), sid: 's' }],
  [auth0, 'an ID token with azp', { ...ID_TOKEN, azp: 'shop-web' }],
  [auth0, 'an ID token with azp and without a nonce', { ...without(ID_TOKEN, 'nonce'), azp: 'shop-web' }],
  [auth0, 'a logout token', { ...user.auth0, events: LOGOUT }],
  [auth0, 'RS-09 a client that is an object', { ...user.auth0, azp: {} }],
  [entra, 'an ID token', { ...without(user.entra, 'scp', 'azp'), nonce: 'n-1' }],
  [entra, 'an ID token without a nonce', without(user.entra, 'scp', 'azp')],
  [entra, 'an ID token whose subject is the object id', { sub: 'u', oid: 'u', aud: 'shop-web', ver: '2.0' }],
  [entra, 'a token of a user without scopes', without(user.entra, 'scp')],
  [entra, 'an access token with a nonce', { ...user.entra, nonce: 'n-1' }],
  [entra, 'a logout token', { ...user.entra, events: LOGOUT }],
];

describe('RS-03 tokens of other types are recognized', () => {
  for (const [product, name, claims] of OTHER_TYPES) {
    test(`${product.kind}: ${name}`, () => {
      const reason = product.rejectionReason(claims);
      assert.equal(typeof reason, 'string');
      assert.ok((reason ?? '').length < 80, 'a short reason, whatever the token contains');
    });
  }
  for (const product of [generic, keycloak, auth0, entra]) {
    test(`${product.kind}: access tokens of users and of clients are accepted`, () => {
      for (const claims of [user[product.kind], client[product.kind]])
        assert.equal(product.rejectionReason(claims), undefined);
    });
  }
  test('keycloak: DPoP-bound tokens are accepted, and so are tokens of older versions with a nonce', () => {
    assert.equal(keycloak.rejectionReason({ ...user.keycloak, typ: 'DPoP' }), undefined);
    assert.equal(keycloak.rejectionReason({ ...user.keycloak, nonce: 'n' }), undefined);
  });
  test('a long type is truncated in the reason', () => {
    assert.ok((keycloak.rejectionReason({ typ: 'x'.repeat(10_000) }) ?? '').length < 80);
  });
});

type Values = (product: Product, claims: Claims) => readonly string[] | 'overage';
const scopes: Values = (product, claims) => product.scopesOf(claims);
const roles: Values = (product, claims) => product.rolesOf(claims);
const groups: Values = (product, claims) => product.groupsOf(claims);
const clientRoles: Values = (product, claims) => product.clientRolesOf(claims, 'orders-api');
const access = (roles: unknown) => ({ resource_access: { 'orders-api': { roles } } });

const VALUES: [Values, Product, string, Claims, readonly string[] | 'overage'][] = [
  [scopes, generic, 'of scope', { scope: 'openid read:orders' }, ['openid', 'read:orders']],
  [scopes, generic, 'between several spaces', { scope: ' a  b ' }, ['a', 'b']],
  [scopes, generic, 'P04 of a list', { scope: ['a', 'b'] }, ['a', 'b']],
  [scopes, generic, 'P04 RS-09 of no list with anything but strings', { scope: ['a', 5] }, []],
  [scopes, generic, 'P04 RS-09 of no entry with several words', { scope: ['a b'] }, ['a b']],
  [scopes, generic, 'RS-09 of an object', { scope: { a: 1 } }, []],
  [scopes, generic, 'of none', {}, []],
  [scopes, generic, 'P04 of scp', { scp: 'a b' }, ['a', 'b']],
  [scopes, generic, 'P04 of scp as a list', { scp: ['a', 'b'] }, ['a', 'b']],
  [scopes, generic, 'P04 of scp where scope is null', { scope: null, scp: ['a'] }, ['a']],
  [scopes, generic, 'P04 RS-09 not of scp beside a malformed scope', { scope: ['a', 5], scp: 'b' }, []],
  [scopes, keycloak, 'of scope', { scope: 'openid a' }, ['openid', 'a']],
  [scopes, auth0, 'of scope, not of permissions', { scope: 'a', permissions: ['b'] }, ['a']],
  [scopes, entra, 'of scp', { scp: 'a b' }, ['a', 'b']],
  [scopes, entra, 'not of scope, and not of roles', { scope: 'a', roles: ['b'] }, []],
  [scopes, entra, 'RS-09 of a list', { scp: ['a'] }, []],
  [roles, generic, 'of roles', { roles: ['editor'] }, ['editor']],
  [roles, generic, 'of a single string', { roles: 'editor' }, ['editor']],
  [roles, generic, 'RS-09 of a list with a number in it', { roles: ['editor', 7] }, []],
  [roles, generic, 'RS-09 of an object', { roles: { editor: true } }, []],
  [roles, keycloak, 'of the realm', { realm_access: { roles: ['editor'] } }, ['editor']],
  [roles, keycloak, 'not of roles, and not of clients', { roles: ['x'], ...access(['y']) }, []],
  [roles, keycloak, 'RS-09 of a realm that is a list', { realm_access: ['editor'] }, []],
  [roles, keycloak, 'RS-09 of a realm that is null', { realm_access: null }, []],
  [roles, keycloak, 'RS-09 of an object of roles', { realm_access: { roles: { editor: true } } }, []],
  [roles, auth0, 'of permissions', { permissions: ['read:orders'], roles: ['x'] }, ['read:orders']],
  [roles, auth0, 'of none without RBAC', { scope: 'read:orders' }, []],
  [roles, entra, 'of roles', { roles: ['Orders.Read.All'] }, ['Orders.Read.All']],
  [roles, entra, 'not of wids', { wids: ['62e90394'] }, []],
  [clientRoles, keycloak, 'of the client', access(['reader']), ['reader']],
  [clientRoles, keycloak, 'not of another', { resource_access: { 'other-api': { roles: ['reader'] } } }, []],
  [clientRoles, keycloak, 'RS-09 of a client that is a list', { resource_access: { 'orders-api': ['reader'] } }, []],
  [clientRoles, keycloak, 'RS-09 of a list of clients', { resource_access: [{ roles: ['reader'] }] }, []],
  [clientRoles, keycloak, 'RS-09 of a number among them', access(['reader', 1]), []],
  [clientRoles, generic, 'never', access(['reader']), []],
  [clientRoles, auth0, 'never', access(['reader']), []],
  [clientRoles, entra, 'never', access(['reader']), []],
  [groups, generic, 'of groups', { groups: ['staff'] }, ['staff']],
  [groups, keycloak, 'with their paths', { groups: ['/staff/eu'] }, ['/staff/eu']],
  [groups, entra, 'of groups', { groups: ['g-1', 'g-2'] }, ['g-1', 'g-2']],
  [groups, entra, 'of none', {}, []],
  [groups, entra, 'RS-10 overage', { _claim_names: { groups: 'src1' }, _claim_sources: {} }, 'overage'],
  [groups, entra, 'RS-10 overage beside a list', { groups: ['g-1'], _claim_names: { groups: 'src1' } }, 'overage'],
  [groups, entra, 'RS-10 overage of the implicit flow', { hasgroups: true }, 'overage'],
  [groups, entra, 'RS-10 the same as a string', { hasgroups: 'true' }, 'overage'],
  [groups, entra, 'other claims elsewhere', { _claim_names: { address: 'src1' }, groups: ['g-1'] }, ['g-1']],
  [groups, entra, 'RS-09 of a number among them', { groups: ['g-1', 2] }, []],
  [groups, entra, 'RS-09 of an object', { groups: { 'g-1': true } }, []],
];

describe('scopes, roles and groups', () => {
  const names = new Map([
    [scopes, 'scopes'],
    [roles, 'roles'],
    [clientRoles, 'roles of a client'],
    [groups, 'groups'],
  ]);
  for (const [of, product, name, claims, expected] of VALUES) {
    test(`${product.kind}: ${names.get(of)} ${name}`, () => assert.deepEqual(of(product, claims), expected));
  }
  test('RS-09 keycloak: a client named like a member of Object.prototype has no roles', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      assert.deepEqual(keycloak.clientRolesOf({ resource_access: {} }, name), []);
  });
  test('RS-10 marks of overage with other values mean nothing', () => {
    assert.deepEqual(entra.groupsOf({ _claim_names: [], hasgroups: false, groups: ['g-1'] }), ['g-1']);
  });
});

test('the client of a token, by the claims that products use', () => {
  assert.equal(clientIdOf({ client_id: 'a', azp: 'b', appid: 'c' }), 'a');
  assert.equal(clientIdOf({ azp: 'b', appid: 'c' }), 'b');
  assert.equal(clientIdOf({ appid: 'c' }), 'c');
  assert.equal(clientIdOf({ client_id: 7 }), undefined);
});

const KINDS: Record<string, string> = {
  'https://id.example.com/realms/shop': 'keycloak',
  'https://id.example.com/auth/realms/shop': 'keycloak',
  'https://id.example.com/realms/shop/': 'generic',
  'https://shop.eu.auth0.com/': 'auth0',
  'https://auth0.com.evil.example/': 'generic',
  'https://evil-auth0.com/': 'generic',
  'https://login.microsoftonline.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0': 'entra',
  'https://login.microsoftonline.us/organizations/v2.0': 'entra',
  'https://login.partner.microsoftonline.cn/common/v2.0': 'entra',
  'https://sts.windows.net/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/': 'entra',
  'https://shop.ciamlogin.com/8eaef023-2b34-4da1-9baa-8bc8c9d6a490/v2.0': 'entra',
  'https://login.microsoftonline.com.evil.example/x/v2.0': 'generic',
  'https://id.example.com': 'generic',
};

describe('which product an issuer is', () => {
  for (const [issuer, kind] of Object.entries(KINDS))
    test(`${issuer} is ${kind}`, () => assert.equal(productOf(issuer, undefined).kind, kind));
  test('the configured kind takes precedence over the form of the issuer', () => {
    assert.equal(productOf('https://id.example.com', 'auth0').kind, 'auth0');
    assert.equal(productOf('https://shop.eu.auth0.com/', 'generic').kind, 'generic');
  });
});

test('Auth0 has a sign-out address without metadata, below any domain', () => {
  const metadata = { issuer: 'https://id.example.com/' };
  const returnTo = 'https://shop.example.com/signed-out?a=b';
  assert.equal(
    auth0.endSessionUrl?.(metadata, 'shop web', returnTo)?.href,
    'https://id.example.com/v2/logout?client_id=shop+web&returnTo=https%3A%2F%2Fshop.example.com%2Fsigned-out%3Fa%3Db',
  );
  const announced = { ...metadata, end_session_endpoint: 'https://id.example.com/oidc/logout' };
  assert.equal(auth0.endSessionUrl?.(announced, 'shop web', returnTo), undefined);
});

test('P03 Cognito takes its own sign-out parameters, with and without an endpoint in the metadata', () => {
  const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2';
  const metadata = { issuer, authorization_endpoint: 'https://id.shop.test/oauth2/authorize' };
  const expected = 'https://id.shop.test/logout?client_id=shop&logout_uri=https%3A%2F%2Fshop.test%2Fsigned-out';
  for (const named of [undefined, 'https://id.shop.test/logout'])
    assert.equal(
      cognito.endSessionUrl?.({ ...metadata, end_session_endpoint: named }, 'shop', 'https://shop.test/signed-out')
        ?.href,
      expected,
    );
});

test('only Auth0 and Cognito have a sign-out address of their own', () => {
  const own = PRODUCTS.filter(({ endSessionUrl }) => endSessionUrl !== undefined).map(({ kind }) => kind);
  assert.deepEqual(own.sort(), ['auth0', 'cognito']);
});

/** Holds for every product of the table, so that a new one cannot forget what it inherits. */
describe('every product', () => {
  const exampleIssuers = PRODUCTS.flatMap(({ exampleIssuers }) => exampleIssuers);

  for (const product of PRODUCTS) {
    test(`${product.kind} is exported under its kind and has a name of its own`, () => {
      assert.equal(new Map<string, unknown>(Object.entries(table)).get(product.kind), product);
      assert.equal(PRODUCTS.filter(({ displayName }) => displayName === product.displayName).length, 1);
    });
    test(`${product.kind} is recognized by its example issuers`, () => {
      for (const issuer of product.exampleIssuers) assert.equal(productOf(issuer).kind, product.kind, issuer);
    });
    test(`${product.kind} reads the client and the scopes from the claims that it names`, () => {
      assert.equal(product.clientIdOf({ [product.clientIdClaim]: 'shop' }), 'shop');
      assert.deepEqual(product.scopesOf({ [product.scopeClaim]: 'openid' }), ['openid']);
    });
  }

  test('no two products claim one issuer', () => {
    for (const issuer of exampleIssuers) {
      const owners = PRODUCTS.filter((product) => product.ownsIssuer(new URL(issuer))).map(({ kind }) => kind);
      assert.ok(owners.length <= 1, `${issuer} is claimed by ${owners.join(' and ')}`);
    }
  });

  test('an issuer that has the forms of two products belongs to neither', () => {
    assert.equal(productOf('https://shop.eu.auth0.com/realms/shop').kind, 'generic');
  });
});
