/** Any provider that follows the specifications. */
import type { Product } from '../base/product.ts';
import { standard } from '../base/standard.ts';

export const generic: Product<'generic'> = {
  ...standard,
  kind: 'generic',
  displayName: 'Any other',
  exampleIssuers: ['https://id.example.com'],
  // The fallback: it is chosen when no product, or more than one, claims an issuer.
  ownsIssuer: () => false,
};
