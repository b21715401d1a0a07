/** The TLS side of the test provider: it asks for a client certificate and takes any; whose it is, is the endpoint's to judge (RFC 8705 section 2). */
import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { LOOPBACK_CERTIFICATE, TEST_KEY } from './certificates.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');

/** Thumbprint of a certificate (RFC 8705 section 3.1). */
export const certificateThumbprint = (pem: string) => sha256(new X509Certificate(pem).raw);

/** Of the client certificate of a connection, if it showed one. */
export function thumbprintOf({ socket }: IncomingMessage): string | undefined {
  const raw: Uint8Array | undefined = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
  return raw && sha256(raw);
}

/** Listens at localhost. */
export async function startTls(listener: RequestListener): Promise<{ origin: string; close(): Promise<void> }> {
  const identity = { cert: LOOPBACK_CERTIFICATE, key: TEST_KEY };
  const server = createServer({ ...identity, requestCert: true, rejectUnauthorized: false }, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    origin: `https://localhost:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
