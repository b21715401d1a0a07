/** A client certificate: what rules compare with, and the thumbprint to which access tokens are bound. */
import { createHash, X509Certificate } from 'node:crypto';
import { type AlternativeNames, parseAlternativeNames } from './alternative-names.ts';

/** The attributes of a distinguished name by their short names, such as `CN` and `O`; each may occur several times. */
export type DistinguishedName = Readonly<Record<string, readonly string[]>>;

export interface ClientCertificate {
  /** SHA-256 of the DER encoding, base64url (RFC 8705 section 3.1). */
  readonly thumbprint: string;
  readonly subject: DistinguishedName;
  readonly issuer: DistinguishedName;
  readonly names: AlternativeNames;
  /** Milliseconds since the epoch. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** An object without prototype: an attribute `constructor` is absent unless the certificate has it. */
function distinguishedName(name: object): DistinguishedName {
  const attributes = Object.entries(name).map(([key, value]): [string, string[]] => [key, [value].flat().map(String)]);
  return Object.assign(Object.create(null), Object.fromEntries(attributes));
}

/** Reads the certificate of a handshake. */
export function clientCertificate(certificate: X509Certificate): ClientCertificate {
  const { subject, issuer } = certificate.toLegacyObject();
  return {
    thumbprint: createHash('sha256').update(certificate.raw).digest('base64url'),
    subject: distinguishedName(subject),
    issuer: distinguishedName(issuer),
    names: parseAlternativeNames(certificate.subjectAltName),
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
  };
}

/** Reads a DER encoding; undefined if it is not exactly one certificate. */
export function parseDer(der: Buffer): ClientCertificate | undefined {
  try {
    const certificate = new X509Certificate(der);
    // OpenSSL ignores what follows the certificate, and accepts PEM in place of DER.
    return certificate.raw.equals(der) ? clientCertificate(certificate) : undefined;
  } catch {
    return undefined;
  }
}
