/** The client certificate of the gateway (RFC 8705). */
import { createHash } from 'node:crypto';
import { type KeyPairFiles, readKeyPair } from '../../base/system/key-pair.ts';

export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the DER certificate, in the form that access tokens contain (RFC 8705 section 3.1). */
  readonly thumbprint: string;
}

/** Reads both files; throws when one cannot be read or the key does not belong to the certificate. */
export function readClientCertificate(files: KeyPairFiles): ClientCertificate {
  const { cert, key, leaf } = readKeyPair('provider.tls', files);
  return { cert, key, thumbprint: createHash('sha256').update(leaf.raw).digest('base64url') };
}
