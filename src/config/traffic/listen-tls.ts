/** Schema of `listen.tls`: certificates, protocol versions and client certificates of the public port. */
import { z } from 'zod';

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
