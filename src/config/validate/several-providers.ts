/** Checks of what is only wrong with several providers: identifiers, clients, and what cannot tell their users apart. */
import { signInProviders } from '../schema/providers.ts';
import type { Config, ProviderConfig } from '../schema/schema.ts';
import type { Finding, Path } from './faults.ts';

/** Findings about the entries whose key an earlier one has. */
function repeated(
  providers: readonly ProviderConfig[],
  option: string,
  keyOf: (provider: ProviderConfig) => string,
  message: string,
): Finding[] {
  const keys = providers.map(keyOf);
  return providers.flatMap((_, index) =>
    keys.indexOf(keys[index] ?? '') < index ? [{ path: ['providers', index, option], message }] : [],
  );
}

/** Claims that name a user only together with the issuer (OIDC Core 5.7), with the names that products have for them. */
const AMBIGUOUS_CLAIMS = new Set([
  'sub',
  'email',
  'preferred_username',
  'username',
  'nickname',
  'phone_number',
  'upn',
  'unique_name',
  'oid',
  'uid',
]);

/** Claim headers by which users of two providers could not be distinguished: one could take the other's account. */
function claimHeaderFindings({ routes }: Config): Finding[] {
  return routes.flatMap(({ claimHeaders, rules }, index) => {
    const isOpenToSeveral = rules.some(
      ({ token, providers }) => token !== 'none' && token !== 'client' && providers?.length !== 1,
    );
    if (!isOpenToSeveral) return [];
    return Object.entries(claimHeaders)
      .filter(([, claim]) => AMBIGUOUS_CLAIMS.has(claim))
      .map(([header, claim]) => ({
        path: ['routes', index, 'claimHeaders', header],
        message: `${claim} alone names no user: two providers may use the same value`,
        hint: "use '@subject' (issuer and subject), or name one provider in rules.providers",
      }));
  });
}

/** Names of providers in rules that no provider has. */
function ruleFindings({ routes }: Config, known: readonly string[]): Finding[] {
  return routes.flatMap(({ rules }, route) =>
    rules.flatMap(({ providers = [] }, rule) =>
      providers.flatMap((id, index) => {
        const path: Path = ['routes', route, 'rules', rule, 'providers', index];
        return known.includes(id)
          ? []
          : [{ path, message: 'no provider has this id', hint: `write one of ${known.join(', ')}` }];
      }),
    ),
  );
}

/** Findings about several providers; for a single one only those about rules that name another. */
export function severalProvidersFindings(config: Config): Finding[] {
  const providers = signInProviders(config);
  const ruled = ruleFindings(
    config,
    providers.map(({ id }) => id),
  );
  if (providers.length < 2) return ruled;
  const client = ({ issuer, clientId }: ProviderConfig) => JSON.stringify([issuer, clientId]);
  return [
    ...repeated(providers, 'id', ({ id }) => id, 'another provider has this id'),
    ...repeated(providers, 'clientId', client, 'another provider has this issuer and clientId'),
    ...claimHeaderFindings(config),
    ...ruled,
  ];
}
