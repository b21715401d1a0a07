/** Schema of `listen.tls` and `listen.redirect`: certificates, protocol versions, client certificates, and the listener for plain HTTP. */
import { z } from 'zod';
import { port } from '../fields/fields.ts';

const certificate = z
  .string()
  .min(1)
  .describe('Path of a PEM file with the certificate, followed by its intermediate certificates.');

const key = z.string().min(1).describe('Path of a PEM file with the private key, without a passphrase.');

export const listenTls = z
  .strictObject({
    certificate,
    key,
    certificates: z
      .array(z.strictObject({ certificate, key }))
      .max(1_000)
      .default([])
      .describe(
        'Further certificates. The client gets the one with the host name that it requests (SNI) among its subject alternative names, otherwise the one of tls.certificate.',
      ),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('Oldest version of TLS that the public port accepts.'),
    clientCa: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Path of a PEM file with the CAs of client certificates. With it the public port requests a certificate from each client; none is required.',
      ),
  })
  .optional()
  .describe(
    'TLS on the public port, for a gateway without a proxy that terminates TLS. All files are read again when they change.',
  );

export const redirect = z
  .strictObject({
    host: z.string().min(1).default('0.0.0.0').describe('Address or name of the network interface.'),
    port: port().default(80).describe('Port for plain HTTP.'),
    acmeChallenges: z
      .string()
      .min(1)
      .optional()
      .describe(
        'Path of the folder into which an ACME client writes the files of its HTTP-01 challenges. They are served below /.well-known/acme-challenge/.',
      ),
  })
  .optional()
  .describe(
    'Listener for plain HTTP beside listen.tls: it redirects every request for the host of a publicUrl to https (308), and refuses other hosts.',
  );

/** The files of a certificate and its key. */
interface CertificateFiles {
  readonly certificate: string;
  readonly key: string;
}

/** Each certificate by the group of options that names it, the default one first. */
export function certificatesOf(tls: NonNullable<z.output<typeof listenTls>>): [string, CertificateFiles][] {
  const { certificate, key, certificates } = tls;
  return [
    ['listen.tls', { certificate, key }],
    ...certificates.map((files, at): [string, CertificateFiles] => [`listen.tls.certificates[${at}]`, files]),
  ];
}
