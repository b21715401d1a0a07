/** The host names of a certificate. */
import type { X509Certificate } from 'node:crypto';

/** A host name, or a wildcard for one whole label (RFC 6125 section 6.4.3). */
const NAME = /^DNS:((?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*)$/i;

/**
 * The DNS names among the subject alternative names, in lower case. The common name is none of them (RFC 9525 section 6.3).
 * Node quotes names with other characters, so that none of them can pass for two.
 */
export function namesOf({ subjectAltName = '' }: Pick<X509Certificate, 'subjectAltName'>): string[] {
  return subjectAltName.split(', ').flatMap((entry) => NAME.exec(entry)?.[1]?.toLowerCase() ?? []);
}
