/** TLS listener of the test provider: requests a client certificate and accepts any; the endpoints verify it (RFC 8705 section 2). */
import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { LOOPBACK_CERTIFICATE, TEST_KEY } from './certificates.ts';

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('base64url');

/** Thumbprint of a certificate (RFC 8705 section 3.1). */
export const certificateThumbprint = (pem: string) => sha256(new X509Certificate(pem).raw);

/** Thumbprint of the client certificate of a connection, if it has one. */
export function thumbprintOf({ socket }: IncomingMessage): string | undefined {
  const raw: Uint8Array | undefined = socket instanceof TLSSocket ? socket.getPeerCertificate().raw : undefined;
  return raw && sha256(raw);
}

/** Starts to listen on localhost. */
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
