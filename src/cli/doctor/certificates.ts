/** Checks of the certificates of the public port: files, key, lifetime, and the hosts of the public URLs. */
import { isIP } from 'node:net';
import { canonicalHost } from '../../base/address.ts';
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { messageOf } from '../../base/errors.ts';
import { certificateNames, lifetimeFault, namesOf } from '../../base/system/certificate.ts';
import { type KeyPair, readKeyPair } from '../../base/system/key-pair.ts';
import { appsOf } from '../../config/schema/apps.ts';
import type { Config } from '../../config/schema/schema.ts';
import { certificatesOf } from '../../config/traffic/listen-tls.ts';

const NAME = 'certificate';

/** The check of one pair, and the pair if it can be used. */
function checkPair([option, files]: ReturnType<typeof certificatesOf>[number], now: number) {
  try {
    const pair = readKeyPair(option, files);
    const fault = lifetimeFault(pair.leaf, now);
    const hint = 'Renew the certificate; the gateway reads the files again when they change.';
    if (fault === undefined) {
      const found = `${files.certificate} is valid to ${pair.leaf.validToDate.toISOString().slice(0, 10)}`;
      return { check: ok(NAME, `${found} for ${namesOf(pair.leaf).join(', ') || 'no host name'}`), pair };
    }
    return { check: (fault.isUsable ? warn : fail)(NAME, `${files.certificate} ${fault.reason}`, hint), pair };
  } catch (error) {
    return { check: fail(NAME, messageOf(error), `Correct the files of ${option}.`) };
  }
}

/** The certificate that a client of this host gets: one with its name, otherwise the first. */
function isFor(host: string, pairs: readonly KeyPair[]): boolean {
  // A client that connects to an address names no host, and gets the first certificate.
  if (isIP(host)) return pairs[0]?.leaf.checkIP(host) !== undefined;
  const names = certificateNames(host);
  return pairs.some(({ leaf }) => namesOf(leaf).some((name) => names.includes(name)));
}

/** The checks; none without `listen.tls`. */
export function certificateChecks(config: Config, now: number): Check[] {
  const { tls } = config.listen;
  if (tls === undefined) return [];
  const found = certificatesOf(tls).map((certificate) => checkPair(certificate, now));
  const pairs = found.flatMap(({ pair }) => pair ?? []);
  const hosts = new Set(appsOf(config).map(({ publicUrl }) => canonicalHost(new URL(publicUrl).hostname)));
  const unnamed = [...hosts].filter((host) => !isFor(host, pairs));
  return [
    ...found.map(({ check }) => check),
    ...unnamed.map((host) =>
      fail(
        NAME,
        `no certificate of listen.tls is for ${host}, the host of publicUrl`,
        `Get a certificate with ${host} among its subject alternative names.`,
      ),
    ),
  ];
}
