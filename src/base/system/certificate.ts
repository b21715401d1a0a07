/** Host names and lifetime of a server certificate. */
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

/** The names under which a host can stand in a certificate: its own, and the wildcard for its first label. */
export function certificateNames(host: string): readonly [string, string] {
  const name = host.toLowerCase();
  return [name, name.replace(/^[^.]+/, '*')];
}

export type Lifetime = Pick<X509Certificate, 'validFromDate' | 'validToDate'>;

const DAY_MS = 86_400_000;
/** Certificates of a year and more are often renewed by hand, which takes operators time. */
const MAX_NOTICE_MS = 30 * DAY_MS;

const dateOf = (time: Date) => time.toISOString().slice(0, 10);

export interface LifetimeFault {
  /** Whether clients still accept the certificate. */
  readonly isUsable: boolean;
  /** The rest of a sentence about the certificate. */
  readonly reason: string;
}

/**
 * What is wrong with the lifetime of a certificate at this time; undefined if nothing is. It expires soon in its last 30 days, or in
 * the last quarter of a shorter lifetime, when an ACME client would have renewed it.
 */
export function lifetimeFault({ validFromDate, validToDate }: Lifetime, now: number): LifetimeFault | undefined {
  const [from, to] = [validFromDate.getTime(), validToDate.getTime()];
  if (now >= to) return { isUsable: false, reason: `expired on ${dateOf(validToDate)}: browsers refuse it` };
  if (now < from) return { isUsable: false, reason: `is valid from ${dateOf(validFromDate)} only: compare the clocks` };
  const left = to - now;
  if (left >= Math.min(MAX_NOTICE_MS, (to - from) / 4)) return undefined;
  const days = Math.ceil(left / DAY_MS);
  return { isUsable: true, reason: `expires on ${dateOf(validToDate)}, in ${days} ${days === 1 ? 'day' : 'days'}` };
}
