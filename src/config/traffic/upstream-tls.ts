/** Schema of `upstream.tls` of a route: connections to https:// targets. */
import { z } from 'zod';

export const upstreamTls = z
  .strictObject({
    serverName: z
      .string()
      .regex(/^(?=.*[a-z])[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i, 'expected a host name, not an address')
      .optional()
      .describe('Name that is requested (SNI) and that the certificate must have. Default: the host of the target.'),
    ca: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a PEM file with the CA that is trusted in place of those of the system.'),
    certificate: z
      .string()
      .min(1)
      .optional()
      .describe('Path of a PEM file with a client certificate, in place of that of provider.tls.'),
    key: z.string().min(1).optional().describe('Path of a PEM file with the key of the certificate.'),
    minVersion: z
      .enum(['TLSv1.2', 'TLSv1.3'])
      .default('TLSv1.2')
      .describe('Oldest version of TLS that the gateway accepts.'),
    allowInsecure: z
      .boolean()
      .default(false)
      .describe(
        'Accept any certificate. An attacker on the network can read access tokens and change responses. For tests only.',
      ),
  })
  .superRefine(({ certificate, key, ca, serverName, allowInsecure }, context) => {
    const fault = (option: string, message: string) => context.addIssue({ code: 'custom', path: [option], message });
    if (certificate !== undefined && key === undefined)
      fault('certificate', 'needs key, the file with its private key; write key: ./client.key');
    if (key !== undefined && certificate === undefined)
      fault('key', 'needs certificate, the file that it belongs to; write certificate: ./client.crt');
    const unused = ca === undefined ? (serverName === undefined ? undefined : 'serverName') : 'ca';
    if (allowInsecure && unused !== undefined)
      fault(
        'allowInsecure',
        `${unused} has no effect with allowInsecure: no certificate is verified; remove one of them`,
      );
  })
  .optional()
  .describe('TLS of connections to https:// targets. Files are read at the start and at each reload.');
