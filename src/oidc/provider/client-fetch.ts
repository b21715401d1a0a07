/** The fetch of one client: serves the cached key set, stores DPoP nonces, and prepares responses for openid-client. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { NonceCache } from '../dpop/nonces.ts';
import { keysOfIssuer } from '../keys/issuer-keys.ts';
import type { KeySetCache } from '../keys/key-set-cache.ts';
import type { ClockSkew } from '../responses/clock-skew.ts';
import type { ReadTokenResponse } from '../responses/token-members.ts';

interface ClientFetchOptions {
  metadata: ServerMetadata;
  fetch: CustomFetch;
  keySets: KeySetCache;
  nonces: NonceCache;
  skew: ClockSkew;
  readTokenResponse: ReadTokenResponse;
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

function tokenEndpointsOf({ token_endpoint, mtls_endpoint_aliases: aliases }: ServerMetadata): Set<string> {
  const addresses = [token_endpoint, aliases?.token_endpoint];
  return new Set(addresses.map((address) => (address === undefined ? '' : new URL(address).href)));
}

/** Creates the fetch. */
export function createClientFetch(options: ClientFetchOptions): CustomFetch {
  const { metadata, fetch, keySets, nonces, skew, readTokenResponse, keysNameIssuer } = options;
  const tokenEndpoints = tokenEndpointsOf(metadata);
  const jwksUri = new URL(metadata.jwks_uri ?? '').href;

  return async function clientFetch(url, request) {
    if (url === jwksUri) {
      const { keys } = await keySets.get(jwksUri);
      // Only keys for any issuer: the token that openid-client verifies with them is not known here.
      return Response.json({ keys: keysNameIssuer ? keysOfIssuer(keys, undefined) : keys });
    }
    const observeClock = skew.start();
    const response = await fetch(url, request);
    nonces.remember(new URL(url).origin, response.headers.get('dpop-nonce'));
    if (request.method === 'POST') {
      observeClock(response.headers);
      preferBody(response);
    }
    if (!tokenEndpoints.has(url) || !response.ok) return response;
    const { body, headers } = request;
    const grantType = body instanceof URLSearchParams ? body.get('grant_type') : null;
    return await readTokenResponse(response, {
      grantType: grantType ?? undefined,
      hasProof: new Headers(headers).has('dpop'),
    });
  };
}
