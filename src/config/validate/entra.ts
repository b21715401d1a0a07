/** Rules about Entra ID: which tenants may sign in, and one API per token. */

import { isMultiTenant, kindOf } from '../schema/provider-kind.ts';
import type { Config, ProviderConfig } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

function tenantFindings(provider: ProviderConfig): Finding[] {
  const { tenants } = provider;
  const path = ['provider', 'tenants'];
  if (!isMultiTenant(provider)) {
    const message = 'only an Entra ID issuer for organizations or common has tenants';
    return tenants === undefined ? [] : [{ path, message, hint: 'remove it: the issuer names its tenant' }];
  }
  if (tenants === undefined) {
    const message = 'this issuer lets the users of every tenant in: name the tenants whose users may sign in';
    return [{ path, message, hint: 'a list of tenant ids, or the id of the one tenant in the issuer' }];
  }
  return tenants.flatMap((tenant, index) =>
    GUID.test(tenant)
      ? []
      : [{ path: [...path, index], message: 'expected a tenant id, a GUID in lower case', hint: 'not a domain name' }],
  );
}

/** What a scope is a permission of: `api://orders` of `api://orders/read`; Graph when it has no prefix. */
function resourceOf(scope: string): string {
  const slash = scope.lastIndexOf('/');
  const resource = slash < 0 ? '' : scope.slice(0, slash);
  return resource === '' ? 'https://graph.microsoft.com' : resource;
}

function scopeFindings({ scopes }: ProviderConfig): Finding[] {
  const resources = new Set(scopes.filter((scope) => !OIDC_SCOPES.has(scope)).map(resourceOf));
  if (resources.size < 2) return [];
  const message = `Entra ID makes a token for one API at a time, these scopes belong to ${[...resources].join(' and ')}`;
  return [{ path: ['provider', 'scopes'], message }];
}

/** Everything that Entra ID could not do, and tenants where there are none. */
export function entraFindings({ provider }: Config): Finding[] {
  const findings = tenantFindings(provider);
  if ((provider.kind ?? kindOf(provider.issuer)) !== 'entra') return findings;
  if (provider.clientAuth === 'private_key_jwt')
    findings.push({
      path: ['provider', 'clientAuth'],
      message: 'Entra ID wants the thumbprint of a certificate in the assertion, which private_key_jwt does not carry',
      hint: 'client_secret_post works',
    });
  return [...findings, ...scopeFindings(provider)];
}
