/** The e-mail addresses that a provider may sign in: its users are limited to some domains. */
import { GatewayError } from '../../base/errors.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { stringOf } from '../products/base/claims.ts';
import type { Claims } from '../products/base/facts.ts';

/** The domain of an e-mail address, in lower case; undefined for other text. */
export const emailDomain = (address: string): string | undefined =>
  /^[^\s@]+@([^\s@]+)$/.exec(address)?.[1]?.toLowerCase();

/** Whether the provider signs in users of the domain, in lower case. */
export const admitsDomain = ({ emailDomains = [] }: ProviderConfig, domain: string): boolean =>
  emailDomains.some((admitted) => admitted.toLowerCase() === domain);

/**
 * Throws `user_not_admitted` unless the user has an address of an admitted domain. An address counts only with
 * `email_verified: true` (OIDC Core section 5.1): at some providers users choose their own.
 */
export function requireEmailDomain(provider: ProviderConfig, { email, email_verified: verified }: Claims): void {
  if (provider.emailDomains === undefined) return;
  const domain = emailDomain(stringOf(email) ?? '');
  if (domain === undefined) throw new GatewayError('user_not_admitted', { detail: 'no e-mail address' });
  if (verified !== true && !provider.trustEmail)
    throw new GatewayError('user_not_admitted', { detail: 'the e-mail address is not verified' });
  if (!admitsDomain(provider, domain))
    throw new GatewayError('user_not_admitted', { detail: 'the domain of the e-mail address is not in emailDomains' });
}
