/** The particulars of each product, by the kind of an issuer. */
import { kindOf } from '../../config/schema/provider-kind.ts';
import type { ProviderKind } from '../../config/schema/schema.ts';
import { auth0 } from './auth0.ts';
import { entra } from './entra.ts';
import { generic } from './generic.ts';
import { keycloak } from './keycloak.ts';
import type { Quirks } from './quirks.ts';

const KINDS: Record<ProviderKind, Quirks> = { keycloak, auth0, entra, generic };

/** The particulars of an issuer, by its configured kind or by its form. */
export function quirksOf(issuer: string, kind: ProviderKind | undefined): Quirks {
  return KINDS[kind ?? kindOf(issuer)];
}
