/** Checks of the providers that depend on the product: tenants, and what the product itself rules out. */
import { isMultiTenant } from '../../oidc/products/issuers.ts';
import { PRODUCTS, productOf } from '../../oidc/products/registry.ts';
import { providerEntries } from '../schema/providers.ts';
import type { Config, ProviderConfig } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

function tenantFindings(provider: ProviderConfig, at: Path): Finding[] {
  const { tenants } = provider;
  const path = [...at, 'tenants'];
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

/** Findings of the product of every provider, and about tenants. */
export function productFindings(config: Config): Finding[] {
  return providerEntries(config).flatMap(({ provider, at }) => {
    const findings = productOf(provider.issuer, provider.kind).configurationFindings?.(provider) ?? [];
    return [
      ...tenantFindings(provider, at),
      ...findings.map(({ path, message, hint }) => ({ path: [...at, ...path], message, hint })),
    ];
  });
}
