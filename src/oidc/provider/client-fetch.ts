/** The fetch of one client: serves the key set from the gateway's cache and stores the DPoP nonces of responses. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { NonceCache } from '../dpop/nonces.ts';
import type { KeySetCache } from './key-set-cache.ts';
import { keysOfIssuer } from './tenants.ts';

interface ClientFetchOptions {
  metadata: ServerMetadata;
  fetch: CustomFetch;
  keySets: KeySetCache;
  nonces: NonceCache;
  /** Whether a key can name the issuer that it signs for, to the exclusion of all others. */
  keysNameIssuer: boolean;
}

/**
 * Removes the challenge of an OAuth error response: RFC 6749 section 5.2 requires it with `invalid_client`, and openid-client
 * would then not read the error code in the body.
 */
function preferBody({ status, headers }: Response): void {
  if (status >= 400 && headers.get('content-type')?.startsWith('application/json')) headers.delete('www-authenticate');
}

/** Creates the fetch. */
export function createClientFetch({
  metadata,
  fetch,
  keySets,
  nonces,
  keysNameIssuer,
}: ClientFetchOptions): CustomFetch {
  const jwksUri = new URL(metadata.jwks_uri ?? '').href;

  return async function clientFetch(url, options) {
    if (url === jwksUri) {
      const { keys } = await keySets.get(jwksUri);
      // Only keys for any issuer: the token that openid-client verifies with them is not known here.
      return Response.json({ keys: keysNameIssuer ? keysOfIssuer(keys, undefined) : keys });
    }
    const response = await fetch(url, options);
    nonces.remember(new URL(url).origin, response.headers.get('dpop-nonce'));
    if (options.method === 'POST') preferBody(response);
    return response;
  };
}
