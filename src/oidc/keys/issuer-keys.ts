/** Keys that sign for one issuer only, where one key set serves many issuers. */
import type { SigningKey } from './key-set-cache.ts';

/**
 * The keys that may sign for an issuer. Entra ID publishes the keys of personal accounts beside those of the tenants; a key
 * that names one issuer must not sign for another. A template such as `{tenantid}` allows any tenant.
 */
export function keysOfIssuer(keys: readonly SigningKey[], issuer: string | undefined): SigningKey[] {
  return keys.filter(({ issuer: named }) => {
    if (named === undefined) return true;
    return typeof named === 'string' && (named.includes('{') || named === issuer);
  });
}
