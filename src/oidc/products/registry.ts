/** Looks up products, by `provider.kind` or by the form of an issuer. */
import type { Product } from './base/product.ts';
import * as table from './table.ts';

/** The values of `provider.kind`. */
export type ProviderKind = keyof typeof table;

// The type requires of each product the kind under which the table exports it.
const BY_KIND: { readonly [Kind in ProviderKind]: Product<Kind> } = table;

/** All products; the order has no meaning. */
export const PRODUCTS: readonly Product<ProviderKind>[] = Object.values(BY_KIND);

/** The values of `provider.kind` in the order of the documentation. */
export const PROVIDER_KINDS: readonly ProviderKind[] = [
  ...PRODUCTS.map(({ kind }) => kind).filter((kind) => kind !== 'generic'),
  'generic',
];

/** The product of an issuer: the configured one, else the only one that claims issuers of this form, else `generic`. */
export function productOf(issuer: string, kind?: ProviderKind): Product<ProviderKind> {
  if (kind !== undefined) return BY_KIND[kind];
  const url = new URL(issuer);
  const [owner, other] = PRODUCTS.filter((product) => product.ownsIssuer(url));
  return owner !== undefined && other === undefined ? owner : BY_KIND.generic;
}

/** The header type that access tokens of the product must have, unless `type` of the issuer is configured. */
export function tokenTypeOf({ accessTokenMark }: Product): 'at+jwt' | 'any' {
  return accessTokenMark === 'header' ? 'at+jwt' : 'any';
}
