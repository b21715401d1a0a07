/** The client certificate of the gateway (RFC 8705). */
import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import { readOptionFile } from '../../base/system/unreadable.ts';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the DER certificate, in the form that access tokens contain (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/** Reads both files; throws when one cannot be read or the key does not belong to the certificate. */
export function readClientCertificate(files: { certificate: string; key: string }): ClientCertificate {
  const cert = readOptionFile('provider.tls.certificate', files.certificate);
  const key = readOptionFile('provider.tls.key', files.key);
  const certificate = new X509Certificate(cert);
  // Checked at start-up: node:tls accepts a pair of different key types without an error.
  if (!certificate.checkPrivateKey(createPrivateKey(key)))
    throw new Error('provider.tls: the key does not belong to the certificate');
  const thumbprint = createHash('sha256').update(certificate.raw).digest('base64url');
  return { cert, key, thumbprint };
}
