/** The certificate of a bench: created when it starts, and trusted by the clients of its process. */
import { readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type CertificateFiles, createCertificate } from '../test/support/tls-files.ts';

/** Creates an EC certificate (P-256) for the loopback names in a folder; all clients of this process trust it from then on. */
export function createTrustedCertificate(folder: string): CertificateFiles {
  const files = createCertificate(folder, 'bench', ['127.0.0.1', 'localhost']);
  setDefaultCACertificates([...getCACertificates('default'), readFileSync(files.certificate, 'utf8')]);
  return files;
}
