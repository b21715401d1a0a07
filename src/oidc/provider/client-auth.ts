/** How the gateway proves to the provider who it is: one method, from the configuration. */
import { createPrivateKey, type KeyObject, type webcrypto } from 'node:crypto';
import { importJWK, importPKCS8, type JWK } from 'jose';
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, PrivateKeyJwt, TlsClientAuth } from 'openid-client';
import type { ProviderConfig } from '../../config/schema/schema.ts';

export type PrivateKey = { key: webcrypto.CryptoKey; kid: string | undefined };

/** The key of the configuration, for assertions and signed requests. */
export async function readPrivateKey({
  privateKey = '',
  privateKeyId,
  privateKeyAlg,
}: ProviderConfig): Promise<PrivateKey> {
  if (privateKey.trimStart().startsWith('{')) {
    const jwk = JSON.parse(privateKey) as JWK;
    return { key: (await importJWK(jwk, privateKeyAlg)) as webcrypto.CryptoKey, kid: privateKeyId ?? jwk.kid };
  }
  // SEC1 and PKCS#1 files are common too; node:crypto reads all of them, jose wants PKCS#8.
  const parsed: KeyObject = createPrivateKey(privateKey);
  const pkcs8 = parsed.export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key: await importPKCS8(pkcs8, privateKeyAlg), kid: privateKeyId };
}

/** The client authentication of openid-client for this configuration (RFC 6749 2.3, OIDC Core 9). */
export async function createClientAuth(provider: ProviderConfig): Promise<ClientAuth> {
  switch (provider.clientAuth) {
    case 'client_secret_basic':
      return ClientSecretBasic(provider.clientSecret);
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
