/** Connections to the provider that present the gateway's client certificate (RFC 8705). */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { SendRequest } from './fetch.ts';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the DER certificate, in the form that access tokens contain (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/** Reads both files; throws when one cannot be read or the key does not belong to the certificate. */
export function readClientCertificate(files: { certificate: string; key: string }): ClientCertificate {
  const cert = readFileSync(files.certificate, 'utf8');
  const key = readFileSync(files.key, 'utf8');
  const certificate = new X509Certificate(cert);
  // Checked at start-up: node:tls accepts a pair of different key types without an error.
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    throw new Error('provider.tls: the key does not belong to the certificate');
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  return { cert, key, thumbprint };
}

/** Creates a fetch that presents the certificate to every server that requests one. */
export function createMtlsSend({ cert, key }: ClientCertificate): SendRequest {
  // Node's own fetch accepts no client certificate; undici is loaded only where one is configured.
  const client = import('undici').then(({ Agent, fetch }) => {
    const dispatcher = new Agent({ connect: { cert, key, rejectUnauthorized: true, autoSelectFamily: true } });
    return { fetch, dispatcher };
  });
  // A failed import is reported by each request; without this handler it would be an unhandled rejection.
  client.catch(() => {});
  return async function mtlsSend(url, init) {
    const { fetch, dispatcher } = await client;
    const { status, statusText, headers, body } = await fetch(url, { ...init, dispatcher });
    return { status, statusText, headers: [...headers], body };
  };
}
