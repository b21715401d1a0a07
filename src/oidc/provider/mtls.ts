/** Connections to the provider that show the gateway's certificate (RFC 8705). */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SendRequest } from './fetch.ts';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** Of the certificate in DER, as access tokens name it (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/** Reads both files; throws when they cannot be read or do not belong together. */
export function readClientCertificate(files: { certificate: string; key: string }): ClientCertificate {
  const cert = readFileSync(files.certificate, 'utf8');
  const key = readFileSync(files.key, 'utf8');
  const own = new X509Certificate(cert);
  // Found out here, not at the first handshake; node:tls takes a pair of different kinds without a word.
  if (!own.checkPrivateKey(createPrivateKey(key)))
    throw new Error('provider.tls: the key does not belong to the certificate');
  const thumbprint = createHash('sha256').update(own.raw).digest('base64url');
  return { cert, key, thumbprint };
}

/** A fetch over such connections; shown to any server that asks for a certificate. */
export function createMtlsSend({ cert, key }: ClientCertificate): SendRequest {
  // Loaded by those that have a certificate: Node's own fetch takes none.
  const client = import('undici').then(({ Agent, fetch }) => {
    const dispatcher = new Agent({ connect: { cert, key, rejectUnauthorized: true, autoSelectFamily: true } });
    return { fetch, dispatcher };
  });
  // Each request that needs it says so itself.
  client.catch(() => {});
  return async function certificateSend(url, init) {
    const { fetch, dispatcher } = await client;
    const { status, statusText, headers, body } = await fetch(url, { ...init, dispatcher });
    return { status, statusText, headers: [...headers], body };
  };
}
