/** Checks of the provider section that depend on the product: tenants, and what the product itself rules out. */
import { isMultiTenant } from '../../oidc/products/issuers.ts';
import { PRODUCTS, productOf } from '../../oidc/products/registry.ts';
import type { Config, ProviderConfig } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

function tenantFindings(provider: ProviderConfig): Finding[] {
  const { tenants } = provider;
  const path = ['provider', 'tenants'];
  const { multiTenant } = productOf(provider.issuer, provider.kind);
  if (!multiTenant || !isMultiTenant(provider)) {
    const issuers = PRODUCTS.flatMap((product) => product.multiTenant?.description ?? []);
    const message = `only ${issuers.join(' or ')} has tenants`;
    return tenants === undefined ? [] : [{ path, message, hint: 'remove tenants: the issuer is of one tenant' }];
  }
  if (tenants === undefined) {
    const message = 'this issuer accepts users of every tenant: name the tenants whose users may sign in';
    return [{ path, message, hint: 'set a list of tenant IDs, or use the ID of a single tenant in the issuer' }];
  }
  const { pattern, description } = multiTenant.tenantId;
  return tenants.flatMap((tenant, index) =>
    pattern.test(tenant)
      ? []
      : [
          {
            path: [...path, index],
            message: `expected a tenant ID, ${description}`,
            hint: 'a domain name is not accepted',
          },
        ],
  );
}

/** Findings of the product itself, and about tenants. */
export function productFindings({ provider }: Config): Finding[] {
  const findings = productOf(provider.issuer, provider.kind).configurationFindings?.(provider) ?? [];
  return [
    ...tenantFindings(provider),
    ...findings.map(({ path, message, hint }) => ({ path: ['provider', ...path], message, hint })),
  ];
}
