/** Reads the header in which a trusted proxy reports the certificate of its client. */
import { GatewayError } from '../base/errors.ts';
import { createLruCache } from '../base/lru.ts';
import { type ClientCertificate, parseDer } from './client-certificate.ts';

/** `rfc9440`: DER as a byte sequence, `:MIIB...:`. `pem`: PEM, percent-encoded as nginx does. */
export type CertificateFormat = 'rfc9440' | 'pem';

/** Certificates whose header was read lately: parsing one takes longer than the rest of a rule. */
const MAX_CACHED = 1_000;

/** A byte sequence (RFC 9440 section 2.1, RFC 9651 section 3.3.5). A repeated header has a comma, which is no part of one. */
const BYTE_SEQUENCE = /^:([A-Za-z0-9+/]+={0,2}):$/;
/** One certificate; some proxies replace the line ends by spaces. */
const PEM = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----\s*$/;

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return '';
  }
}

const BASE64_OF: Record<CertificateFormat, (value: string) => string | undefined> = {
  rfc9440: (value) => BYTE_SEQUENCE.exec(value)?.[1],
  pem: (value) => PEM.exec(decoded(value))?.[1],
};

/** Creates the function that reads a value; it throws `bad_request` for one that is not exactly one certificate. */
export function createFieldReader(name: string, format: CertificateFormat): (value: string) => ClientCertificate {
  const cache = createLruCache<ClientCertificate>(MAX_CACHED);
  const base64Of = BASE64_OF[format];

  function parse(value: string): ClientCertificate {
    const base64 = base64Of(value);
    const certificate = base64 === undefined ? undefined : parseDer(Buffer.from(base64, 'base64'));
    if (certificate !== undefined) return certificate;
    // Never "no certificate": the proxy said that there is one.
    throw new GatewayError('bad_request', {
      reason: 'client_certificate',
      detail: `${name} from a trusted proxy is not one certificate in the format ${format}`,
    });
  }

  return function readField(value) {
    const known = cache.get(value);
    if (known) return known;
    const certificate = parse(value);
    cache.set(value, certificate);
    return certificate;
  };
}
