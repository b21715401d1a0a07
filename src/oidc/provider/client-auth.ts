/** Client authentication of the gateway at the provider, by the one configured method. */
import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto';
import { importJWK, importPKCS8, type JWK } from 'jose';
import { type ClientAuth, ClientSecretPost, PrivateKeyJwt, TlsClientAuth } from 'openid-client';
import type { ProviderConfig } from '../../config/schema/schema.ts';

export type PrivateKey = { key: webcrypto.CryptoKey; kid: string | undefined };

/** Reads `provider.privateKey`, which signs client assertions and authorization requests. */
export async function readPrivateKey({
  privateKey = '',
  privateKeyId,
  privateKeyAlg,
}: ProviderConfig): Promise<PrivateKey> {
  if (privateKey.trimStart().startsWith('{')) {
    const jwk = JSON.parse(privateKey) as JWK;
    return { key: (await importJWK(jwk, privateKeyAlg)) as webcrypto.CryptoKey, kid: privateKeyId ?? jwk.kid };
  }
  // SEC1 and PKCS#1 files are common too. node:crypto reads all of them; jose accepts PKCS#8 only.
  const parsed: KeyObject = createPrivateKey(privateKey);
  const pkcs8 = parsed.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key: await importPKCS8(pkcs8, privateKeyAlg), kid: privateKeyId };
}

/**
 * `client_secret_basic` with id and secret form-encoded (RFC 6749 section 2.3.1). Unreserved characters (RFC 3986 section
 * 2.3) stay as they are, which openid-client encodes as well: a provider that decodes reads the same either way, and one that
 * compares the header literally accepts every id and secret of such characters. A space is `%20`, which both ways of
 * decoding understand.
 */
export function clientSecretBasic(secret = ''): ClientAuth {
  return function authenticate(_server, { client_id: id }, _body, headers) {
    const credentials = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
    headers.set('authorization', `Basic ${btoa(credentials)}`);
  };
}

/** The client authentication for openid-client (RFC 6749 section 2.3, OIDC Core 9). */
export async function createClientAuth(provider: ProviderConfig): Promise<ClientAuth> {
  switch (provider.clientAuth) {
    case 'client_secret_basic':
      return clientSecretBasic(provider.clientSecret);
    case 'client_secret_post':
      return ClientSecretPost(provider.clientSecret);
    case 'tls_client_auth':
      return TlsClientAuth();
    case 'private_key_jwt': {
      const { key, kid } = await readPrivateKey(provider);
      return PrivateKeyJwt(kid === undefined ? key : { key, kid });
    }
  }
}
