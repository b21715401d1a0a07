/** Warns about certificates of the public port that expire soon: at the start, and every day until they are replaced. */
import { lifetimeFault } from '../../base/system/certificate.ts';
import type { Logger } from '../../observe/log.ts';
import type { LoadedCertificate } from './certificates.ts';

const REPEAT_MS = 86_400_000;

type Certificate = Pick<LoadedCertificate, 'option' | 'files' | 'pair'>;

/** Creates the check; the caller runs it at the start and more often than once a day. */
export function createExpiryLog(log: Pick<Logger, 'warn'>, clock: () => number) {
  const reported = new Map<string, number>();

  function checkOne({ option, files: { certificate }, pair: { leaf } }: Certificate): void {
    const now = clock();
    const fault = lifetimeFault(leaf, now);
    const last = reported.get(leaf.fingerprint256);
    if (fault === undefined || (last !== undefined && now - last < REPEAT_MS)) return;
    reported.set(leaf.fingerprint256, now);
    const validTo = leaf.validToDate.toISOString();
    log.warn({ option, certificate, validTo, reason: fault.reason }, 'certificate must be renewed');
  }

  return function check(certificates: readonly Certificate[]): void {
    for (const certificate of certificates) checkOne(certificate);
    // Those that were replaced are no longer in use.
    const inUse = new Set(certificates.map(({ pair }) => pair.leaf.fingerprint256));
    for (const fingerprint of reported.keys()) if (!inUse.has(fingerprint)) reported.delete(fingerprint);
  };
}
