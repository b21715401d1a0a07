/** Reads a certificate and its private key from PEM files. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readOptionFile } from './unreadable.ts';

/** A certificate with its key, as node:tls expects them. */
export interface KeyPair {
  /** PEM text: the certificate, and the intermediate certificates that follow it. */
  readonly cert: string;
  readonly key: string;
  /** The first certificate of the file. */
  readonly leaf: X509Certificate;
}

/** The paths of a certificate and its key. */
export interface KeyPairFiles {
  readonly certificate: string;
  readonly key: string;
}

function parseCertificate(option: string, file: string, text: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw new Error(`${option}: ${file} contains no certificate in PEM format`, { cause });
  }
}

function parseKey(option: string, file: string, text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch (cause) {
    const isEncrypted = /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text);
    const reason = isEncrypted
      ? 'is encrypted with a passphrase; write it without one: openssl pkey -in KEY -out PLAIN_KEY'
      : 'contains no private key in PEM format';
    throw new Error(`${option}: ${file} ${reason}`, { cause });
  }
}

function parseCertificates(option: string, file: string, text: string): X509Certificate[] {
  const blocks = text.match(/-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END [A-Z0-9 ]+-----/g) ?? [text];
  return blocks.map((block) => parseCertificate(option, file, block));
}

/**
 * Reads both files of the option group. Throws an Error with the option, the file and the reason: one cannot be read, or the key
 * does not belong to the certificate. node:tls accepts a pair of different key types without an error.
 */
export function readKeyPair(option: string, files: KeyPairFiles): KeyPair {
  const cert = readOptionFile(`${option}.certificate`, files.certificate);
  const key = readOptionFile(`${option}.key`, files.key);
  const [leaf] = parseCertificates(`${option}.certificate`, files.certificate, cert);
  if (leaf?.checkPrivateKey(parseKey(`${option}.key`, files.key, key)) !== true)
    throw new Error(
      `${option}: the key of ${files.key} does not belong to the first certificate of ${files.certificate}`,
    );
  return { cert, key, leaf };
}

/** The text of a PEM file with certificates. Throws an Error with the option if it has none, or one that cannot be read. */
export function readCertificates(option: string, file: string): string {
  const text = readOptionFile(option, file);
  parseCertificates(option, file, text);
  return text;
}
