/** Checks of Entra ID configurations: missing or unused tenants, and scopes of more than one API. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { announcedIssuer, isMultiTenant, issuersOf } from '../../../src/oidc/products/issuers.ts';

const TENANT = '8eaef023-2b34-4da1-9baa-8bc8c9d6a490';
const MANY = 'https://login.microsoftonline.com/organizations/v2.0';
const ONE = `https://login.microsoftonline.com/${TENANT}/v2.0`;

type Provider = Partial<NonNullable<ConfigInput['provider']>>;

function parse(provider: Provider) {
  return parseConfig({
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: MANY, clientId: 'shop', clientSecret: 's3cret', ...provider },
  }).provider;
}

function faults(provider: Provider): string[] {
  try {
    parse(provider);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const REFUSED: Record<string, [Provider, RegExp]> = {
  'organizations without tenants': [{}, /^provider\.tenants: .*name the tenants/],
  'common without tenants': [{ issuer: MANY.replace('organizations', 'common') }, /^provider\.tenants: /],
  'several tenants at another host, with kind entra': [
    { issuer: 'https://id.example.com/organizations/v2.0', kind: 'entra' },
    /^provider\.tenants: /,
  ],
  'tenants with an issuer of one tenant': [{ issuer: ONE, tenants: [TENANT] }, /^provider\.tenants: only an Entra/],
  'tenants of another product': [
    { issuer: 'https://id.example.com', tenants: [TENANT] },
    /^provider\.tenants: only an Entra/,
  ],
  'tenants with kind generic': [{ kind: 'generic', tenants: [TENANT] }, /^provider\.tenants: only an Entra/],
  'a domain name instead of a tenant ID': [
    { tenants: [TENANT, 'contoso.com'] },
    /^provider\.tenants\[1\]: expected a tenant ID/,
  ],
  'a tenant ID in upper case': [{ tenants: [TENANT.toUpperCase()] }, /^provider\.tenants\[0\]: expected a tenant ID/],
  'scopes of two APIs': [
    { issuer: ONE, scopes: ['openid', 'api://orders/read', 'api://stock/read'] },
    /^provider\.scopes: .*api:\/\/orders and api:\/\/stock/,
  ],
  'scopes of an API and of Microsoft Graph': [
    { issuer: ONE, scopes: ['openid', 'api://orders/read', 'User.Read'] },
    /^provider\.scopes: .*graph\.microsoft\.com/,
  ],
  'a client assertion without a certificate thumbprint': [
    { issuer: ONE, clientSecret: undefined, clientAuth: 'private_key_jwt', privateKey: 'x' },
    /^provider\.clientAuth: Entra ID wants the thumbprint/,
  ],
};

describe('refused', () => {
  for (const [name, [provider, expected]] of Object.entries(REFUSED)) {
    test(name, () => {
      const found = faults(provider);
      assert.ok(
        found.some((line) => expected.test(line)),
        found.join('\n'),
      );
    });
  }
});

const ACCEPTED: Record<string, Provider> = {
  'several listed tenants': { tenants: [TENANT] },
  'one tenant': { issuer: ONE },
  'scopes of one API': { issuer: ONE, scopes: ['openid', 'offline_access', 'api://orders/read', 'api://orders/write'] },
  'scopes of Microsoft Graph, with and without prefix': {
    issuer: ONE,
    scopes: ['openid', 'User.Read', 'https://graph.microsoft.com/Mail.Read'],
  },
  'scopes with a slash at another provider': { issuer: 'https://id.example.com', scopes: ['openid', 'a/b', 'c/d'] },
};

describe('accepted', () => {
  for (const [name, provider] of Object.entries(ACCEPTED)) test(name, () => assert.deepEqual(faults(provider), []));
});

test('a multi-tenant issuer has one issuer per listed tenant, and the announced issuer is the template', () => {
  const provider = parse({ tenants: [TENANT] });
  assert.equal(isMultiTenant(provider), true);
  assert.deepEqual(issuersOf(provider), [ONE]);
  assert.equal(announcedIssuer(provider), 'https://login.microsoftonline.com/{tenantid}/v2.0');
});

test('any other issuer is its only issuer', () => {
  for (const issuer of [ONE, 'https://id.example.com/organizations', 'https://id.example.com/organizations/v2.0']) {
    const provider = parse({ issuer });
    assert.equal(isMultiTenant(provider), false);
    assert.deepEqual(issuersOf(provider), [issuer]);
    assert.equal(announcedIssuer(provider), issuer);
  }
});
