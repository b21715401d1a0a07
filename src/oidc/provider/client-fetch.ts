/** The fetch of one client: serves the key set from the gateway's cache and stores the DPoP nonces of responses. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { NonceCache } from '../dpop/nonces.ts';
import { storedClaims } from './id-token.ts';
import { type KeySetCache, keyIdOf } from './key-set-cache.ts';
import { keysOfIssuer } from './tenants.ts';

/** Reads the key id and the issuer of the ID token in a token response, before openid-client validates the response. */
function idTokenKeyOf(body: string): { kid: string | undefined; issuer: string | undefined } | undefined {
  try {
    const { id_token } = JSON.parse(body) as { id_token?: unknown };
    if (typeof id_token !== 'string') return undefined;
    const { iss } = storedClaims(id_token);
    return { kid: keyIdOf(id_token), issuer: typeof iss === 'string' ? iss : undefined };
  } catch {
    return undefined;
  }
}

interface ClientFetchOptions {
  metadata: ServerMetadata;
  fetch: CustomFetch;
  keys: KeySetCache;
  nonces: NonceCache;
  /** Whether a key can name the issuer that it signs for, to the exclusion of all others. */
  keysNameIssuer: boolean;
}

function tokenEndpointsOf({ token_endpoint, mtls_endpoint_aliases: aliases }: ServerMetadata): Set<string> {
  const alias = aliases?.token_endpoint;
  return new Set([token_endpoint, alias].map((address) => (address === undefined ? '' : new URL(address).href)));
}

/** Creates the fetch. When a token response arrives, it first makes sure that the key of the ID token is cached. */
export function createClientFetch({ metadata, fetch, keys, nonces, keysNameIssuer }: ClientFetchOptions): CustomFetch {
  const jwksUri = new URL(metadata.jwks_uri ?? '').href;
  const tokenEndpoints = tokenEndpointsOf(metadata);
  let issuer: string | undefined;

  return async function clientFetch(url, options) {
    if (url === jwksUri) {
      const keySet = await keys.get(jwksUri);
      return new Response(keysNameIssuer ? keysOfIssuer(keySet, issuer) : keySet, {
        headers: { 'content-type': 'application/json' },
      });
    }
    const response = await fetch(url, options);
    nonces.remember(new URL(url).origin, response.headers.get('dpop-nonce'));
    if (!tokenEndpoints.has(url) || response.status !== 200) return response;
    const body = await response.text();
    const idTokenKey = idTokenKeyOf(body);
    issuer = idTokenKey?.issuer;
    if (idTokenKey?.kid !== undefined) await keys.ensureKey(jwksUri, idTokenKey.kid);
    return new Response(body, { status: response.status, headers: response.headers });
  };
}
