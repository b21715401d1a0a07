/** The fetch of one client object: keys out of the gateway's own cache, and nonces remembered on the way. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { NonceCache } from '../dpop/nonces.ts';
import { storedClaims } from './id-token.ts';
import { type KeySetCache, keyIdOf } from './key-set-cache.ts';
import { keysOfIssuer } from './tenants.ts';

// The one copy of a token answer that we look into before openid-client does: only for where the key of its ID token is.
function idTokenIn(body: string): { kid: string | undefined; issuer: string | undefined } | undefined {
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

function tokenEndpoints({ token_endpoint, mtls_endpoint_aliases: aliases }: ServerMetadata): Set<string> {
  const alias = aliases?.token_endpoint;
  return new Set([token_endpoint, alias].map((address) => (address === undefined ? '' : new URL(address).href)));
}

/** Serves the key set from the cache, and makes sure that the key of an ID token is in it before it is verified. */
export function createClientFetch({ metadata, fetch, keys, nonces, keysNameIssuer }: ClientFetchOptions): CustomFetch {
  const uri = new URL(metadata.jwks_uri ?? '').href;
  const endpoints = tokenEndpoints(metadata);
  let issuer: string | undefined;

  return async function clientFetch(url, options) {
    if (url === uri) {
      const text = await keys.get(uri);
      return new Response(keysNameIssuer ? keysOfIssuer(text, issuer) : text, {
        headers: { 'content-type': 'application/json' },
      });
    }
    const response = await fetch(url, options);
    nonces.remember(new URL(url).origin, response.headers.get('dpop-nonce'));
    if (!endpoints.has(url) || response.status !== 200) return response;
    const body = await response.text();
    const idToken = idTokenIn(body);
    issuer = idToken?.issuer;
    if (idToken?.kid !== undefined) await keys.ensureKey(uri, idToken.kid);
    return new Response(body, { status: response.status, headers: response.headers });
  };
}
