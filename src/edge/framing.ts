/** Checks the framing of a request: refuses ambiguities that Node's parser accepts. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';
import { hasBody } from './request-body.ts';
import { requestLineFault } from './request-line.ts';

/** The fields that determine where a request goes and where it ends, with every value that was sent. */
export interface FramingFields {
  readonly host: readonly string[];
  readonly contentLength: readonly string[];
  readonly transferEncoding: readonly string[];
}

type RequestHead = Pick<IncomingMessage, 'method' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor'>;

/** The expectation that Node and the gateway fulfil, once or repeated (RFC 9110 section 10.1.1). */
export const CONTINUE = /^100-continue(?:\s*,\s*100-continue)*$/i;

// CONNECT would turn the gateway into a tunnel, and TRACE would echo the cookie (RFC 9110 sections 9.3.6 and 9.3.8).
const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** Collects the fields from the raw headers: in the parsed ones, repetitions are already dropped or joined. */
export function readFramingFields(rawHeaders: readonly string[]): FramingFields {
  const fields = { host: [], contentLength: [], transferEncoding: [] } satisfies Record<keyof FramingFields, string[]>;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const values = valuesFor(fields, rawHeaders[at] ?? '');
    values?.push(rawHeaders[at + 1] ?? '');
  }
  return fields;
}

function valuesFor(fields: Record<keyof FramingFields, string[]>, name: string): string[] | undefined {
  // By length first: most names then need no comparison.
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? fields.host : undefined;
    case 14:
      return name.toLowerCase() === 'content-length' ? fields.contentLength : undefined;
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? fields.transferEncoding : undefined;
    default:
      return undefined;
  }
}

/** Refuses request lines that Node's parser accepts but that other servers do not, and expectations other than 100-continue. */
export function checkVersion(req: IncomingMessage): void {
  const { httpVersion, headers } = req;
  const fault = requestLineFault(req);
  if ((httpVersion !== '1.1' && httpVersion !== '1.0') || fault === 'protocol')
    throw new GatewayError('version_not_supported', { headers: { connection: 'close' } });
  if (fault === 'spaces') throw badFraming('more than one space between parts of the request line');
  if (headers.expect !== undefined && httpVersion === '1.1' && !CONTINUE.test(headers.expect))
    throw new GatewayError('expectation_failed', { headers: { connection: 'close' } });
}

/**
 * Refuses requests that two servers could delimit differently. The connection closes after the response, because the start of
 * the next request is unknown (RFC 9112 sections 6.1, 6.3 and 11.2).
 */
export function checkFraming(req: RequestHead, fields: FramingFields): void {
  const { contentLength, transferEncoding } = fields;
  if (transferEncoding.length > 0) {
    if (contentLength.length > 0) throw badFraming('Content-Length beside Transfer-Encoding');
    if (transferEncoding.length > 1 || transferEncoding[0]?.toLowerCase() !== 'chunked') {
      throw badFraming('Transfer-Encoding other than chunked');
    }
    if (req.httpVersionMajor < 1 || (req.httpVersionMajor === 1 && req.httpVersionMinor === 0)) {
      throw badFraming('Transfer-Encoding in HTTP/1.0');
    }
  }
  if (contentLength.length > 1) throw badFraming('repeated Content-Length');
  if (contentLength.length === 1 && !/^\d{1,15}$/.test(contentLength[0] ?? ''))
    throw badFraming('malformed Content-Length');
  if (req.method === 'TRACE' || req.method === 'CONNECT') {
    throw new GatewayError('method_not_allowed', { headers: { allow: ALLOWED, connection: 'close' } });
  }
}

/** After a protocol switch, the bytes could belong to the body or to the new protocol (RFC 9110 section 7.8). */
export function checkUpgradeFraming(req: IncomingMessage): void {
  if (hasBody(req)) throw badFraming('Upgrade beside a body');
}

function badFraming(detail: string): GatewayError {
  return new GatewayError('bad_request', { detail, headers: { connection: 'close' } });
}
