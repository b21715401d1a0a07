/** The providers at which users sign in: the single `provider`, or each entry of `providers`. */
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { Config, ProviderConfig } from './schema.ts';

type ProviderOptions = Pick<Config, 'provider' | 'providers'>;

/** The identifier of a single provider, whose endpoints have the plain paths. */
export const DEFAULT_ID = 'default';

/** All providers, the first one first: it is what applies where no user has signed in, and part of the seal of sessions. */
export function signInProviders({ provider, providers = [] }: ProviderOptions): readonly ProviderConfig[] {
  return [provider, ...providers.slice(1)];
}

/** The providers, each with the path of its options in the file. */
export function providerEntries(config: ProviderOptions): { provider: ProviderConfig; at: (string | number)[] }[] {
  return signInProviders(config).map((provider, index) => ({
    provider,
    at: config.providers ? ['providers', index] : ['provider'],
  }));
}

/** The part of a path that tells the endpoint of a provider from those of the others: empty or `/ID`. */
export const pathSuffix = ({ id }: Pick<ProviderConfig, 'id'>): string => (id === DEFAULT_ID ? '' : `/${id}`);

/**
 * The input with the first of `providers` as `provider` too, where it has no other: what knows one provider reads that one. Other
 * input is returned unchanged.
 */
export function withFirstProvider(input: unknown): unknown {
  if (!isRecord(input) || input.provider !== undefined || !Array.isArray(input.providers)) return input;
  const [first] = input.providers as unknown[];
  return first === undefined ? input : { ...input, provider: first };
}

/** Whether the input has both a single provider and a list of them. */
export const hasBothForms = (input: unknown): boolean =>
  isRecord(input) && input.provider !== undefined && input.providers !== undefined;
