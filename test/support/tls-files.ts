/** Certificates for tests of the public port: created by openssl with any names and lifetimes, in files of a folder. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './world.ts';

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** A folder that is removed after the test. */
export function temporaryFolder(t: Scope, name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `bff-${name}-`));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Creates a self-signed certificate for these names, which is its own CA, valid for `days` from now on. */
export function createCertificate(
  folder: string,
  name: string,
  names: readonly string[],
  days = 365,
): CertificateFiles {
  const files = { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
  const altNames = names.map((each) => `${/^[0-9.]+$/.test(each) ? 'IP' : 'DNS'}:${each}`).join(',');
  openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', `/CN=${name}`],
    ...['-days', String(days), '-addext', `subjectAltName=${altNames}`],
    ...['-keyout', files.key, '-out', files.certificate],
  );
  return files;
}

/** Replaces a file as ACME clients do: writes another one, then renames it. */
export function replaceFile(target: string, source: string): void {
  writeFileSync(`${target}.new`, readFileSync(source));
  renameSync(`${target}.new`, target);
}
