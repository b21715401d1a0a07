/** Finds the certificate of the client: on its own connection, or in the header of a trusted proxy. */
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { createAddressMatcher, normalizeAddress } from '../base/address.ts';
import { type ClientCertificate, clientCertificate } from './client-certificate.ts';
import { type CertificateFormat, createFieldReader } from './header-field.ts';

/** The options that say where certificates come from. */
export interface CertificateSources {
  readonly trustedProxies: readonly string[];
  readonly clientCertificateHeader?: { readonly name: string; readonly format: CertificateFormat } | undefined;
}

/**
 * Returns the verified certificate of the client, undefined if it has none. Throws `bad_request` if a trusted proxy sends one that
 * cannot be read. Only what depends on the certificate calls it: a rule, or a token that is bound to one.
 */
export type ReadClientCertificate = (req: Pick<IncomingMessage, 'headers' | 'socket'>) => ClientCertificate | undefined;

/** What a look at the certificate of a client finds; `malformed` is the header of a trusted proxy. */
export type CertificateOutcome = 'present' | 'none' | 'malformed';

/** The same reader; each look is counted. */
export function countCertificates(
  read: ReadClientCertificate,
  count: (outcome: CertificateOutcome) => void,
): ReadClientCertificate {
  return function readAndCount(req) {
    let outcome: CertificateOutcome = 'malformed';
    try {
      const certificate = read(req);
      outcome = certificate === undefined ? 'none' : 'present';
      return certificate;
    } finally {
      count(outcome);
    }
  };
}

/** What a TLS connection has. */
interface TlsPart {
  readonly authorized?: boolean;
  getPeerX509Certificate?(): X509Certificate | undefined;
}

/** The connection on which a request arrived; that of an HTTP/2 stream carries other streams too. */
const connectionOf = (socket: object): object =>
  'tls' in socket && typeof socket.tls === 'object' && socket.tls !== null ? socket.tls : socket;

/** Creates the reader. */
export function createCertificateReader(sources: CertificateSources): ReadClientCertificate {
  const { trustedProxies, clientCertificateHeader: header } = sources;
  const isTrusted = createAddressMatcher(trustedProxies, 'trusted proxy');
  const readField = header && createFieldReader(header.name, header.format);
  const fieldName = header?.name.toLowerCase() ?? '';
  const known = new WeakMap<object, ClientCertificate>();

  function ofConnection(connection: object): ClientCertificate | undefined {
    const cached = known.get(connection);
    if (cached) return cached;
    const { authorized }: TlsPart = connection;
    // Requested, but not required: a certificate that does not verify is no certificate.
    const found = authorized === true ? (connection as TlsPart).getPeerX509Certificate?.() : undefined;
    if (found === undefined) return undefined;
    const certificate = clientCertificate(found);
    known.set(connection, certificate);
    return certificate;
  }

  return function readClientCertificate({ headers, socket }) {
    const address = normalizeAddress(socket.remoteAddress ?? '');
    if (address === undefined) return undefined;
    if (!isTrusted(address)) return ofConnection(connectionOf(socket));
    // The certificate of the connection is the one of the proxy, which speaks for other clients (RFC 9440 section 4).
    const value = headers[fieldName];
    return value === undefined ? undefined : readField?.(String(value));
  };
}
