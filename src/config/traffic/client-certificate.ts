/** Schema of `clientCertificateHeader`: the header in which a trusted proxy reports the certificate of its client. */
import { z } from 'zod';
import { headerName } from '../fields/fields.ts';

export const clientCertificateHeader = z
  .strictObject({
    name: headerName().describe(
      'The header, such as Client-Cert (RFC 9440). The proxy must remove it from what clients send; the gateway never forwards it.',
    ),
    format: z
      .enum(['rfc9440', 'pem'])
      .default('rfc9440')
      .describe(
        'rfc9440: DER as a byte sequence, :MIIB...:. pem: percent-encoded PEM, as $ssl_client_escaped_cert of nginx.',
      ),
  })
  .optional()
  .describe(
    'Header in which a proxy of trustedProxies reports the verified certificate of its client. From any other peer it is ignored. The certificate with which the proxy itself connects never counts.',
  );

interface Sources {
  readonly listen: { readonly tls?: { readonly clientCa?: string | undefined } | undefined };
  readonly clientCertificateHeader?: unknown;
}

/** Whether clients can have a certificate at all. */
export const readsCertificates = ({ listen, clientCertificateHeader }: Sources): boolean =>
  listen.tls?.clientCa !== undefined || clientCertificateHeader !== undefined;
