/** Reads the TLS options of an upstream: the CA that it is verified with, and the certificate that is presented to it. */
import { X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { messageOf } from '../base/errors.ts';
import { readOptionFile } from '../base/system/unreadable.ts';
import type { RouteConfig } from '../config/schema/schema.ts';
import { tlsOf } from '../config/traffic/upstream-targets.ts';
import type { TlsOptions } from './connect/connect.ts';

/** Presented to upstreams that request a client certificate; tokens may be bound to it (RFC 8705 section 3). */
export interface ClientCertificate {
  readonly cert: string;
  readonly key: string;
}

type ReadFile = (option: string, path: string) => string;

const GROUP = 'routes[].upstream.tls';

/** Throws an error that names the option of a file without a certificate, and of a key that belongs to another one. */
function checkFiles(ca: string | undefined, own: ClientCertificate | undefined): void {
  for (const [option, pem] of [['ca', ca] as const, ['certificate', own?.cert] as const])
    try {
      if (pem !== undefined) new X509Certificate(pem);
    } catch (error) {
      throw new Error(`${GROUP}.${option}: the file contains no certificate in PEM form: ${messageOf(error)}`);
    }
  try {
    if (own) createSecureContext(own);
  } catch (error) {
    throw new Error(`${GROUP}.key: the file is not the key of the certificate: ${messageOf(error)}`);
  }
}

/**
 * Reads the files of a route; throws an error that names the option if one cannot be used, so that it stops the start.
 * `certificate` is that of the gateway, which a certificate of the route replaces.
 */
export function readTls(
  route: Pick<RouteConfig, 'upstream' | 'upstreamCa'>,
  certificate?: ClientCertificate,
  read: ReadFile = readOptionFile,
): TlsOptions {
  const { ca: caPath, certificate: certPath, key: keyPath, ...options } = tlsOf(route.upstream) ?? {};
  const readIf = (option: string, path: string | undefined) => (path === undefined ? undefined : read(option, path));
  const ownCa = readIf(`${GROUP}.ca`, caPath);
  const cert = readIf(`${GROUP}.certificate`, certPath);
  const key = readIf(`${GROUP}.key`, keyPath);
  const own = cert === undefined || key === undefined ? undefined : { cert, key };
  checkFiles(ownCa, own);
  const ca = ownCa ?? readIf('routes[].upstreamCa', route.upstreamCa);
  const presented = own ?? (certificate && { cert: certificate.cert, key: certificate.key });
  return { ...options, ...(ca === undefined ? {} : { ca }), ...presented };
}
