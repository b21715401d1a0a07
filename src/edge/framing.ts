/** Checks the framing of a request: refuses ambiguities that Node's parser accepts. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';

/** The fields that determine where a request goes and where it ends, with every value that was sent. */
export interface FramingFields {
  readonly host: readonly string[];
  readonly contentLength: readonly string[];
  readonly transferEncoding: readonly string[];
  readonly upgrade: readonly string[];
}

type RequestHead = Pick<IncomingMessage, 'method' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor'>;

/** The expectation that Node and the gateway fulfil (RFC 9110 section 10.1.1). */
export const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i;

// CONNECT would turn the gateway into a tunnel, and TRACE would echo the cookie (RFC 9110 sections 9.3.6 and 9.3.8).
const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** Collects the fields from the raw headers: in the parsed ones, repetitions are already dropped or joined. */
export function readFramingFields(rawHeaders: readonly string[]): FramingFields {
  const fields = { host: [], contentLength: [], transferEncoding: [], upgrade: [] } satisfies Record<
    keyof FramingFields,
    string[]
  >;
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
    case 7:
      return name.toLowerCase() === 'upgrade' ? fields.upgrade : undefined;
    case 14:
      return name.toLowerCase() === 'content-length' ? fields.contentLength : undefined;
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? fields.transferEncoding : undefined;
    default:
      return undefined;
  }
}

/** Refuses versions that Node's parser accepts but that have another framing, and expectations other than 100-continue. */
export function checkVersion(req: IncomingMessage): void {
  const { httpVersion, headers } = req;
  if ((httpVersion !== '1.1' && httpVersion !== '1.0') || speaksOtherProtocol(req))
    throw new GatewayError('version_not_supported', { headers: { connection: 'close' } });
  if (headers.expect !== undefined && httpVersion === '1.1' && !CONTINUE.test(headers.expect))
    throw new GatewayError('expectation_failed', { headers: { connection: 'close' } });
}

/**
 * Returns whether the request line names RTSP or ICE, which Node's parser reports as HTTP of the same version. Reads the packet
 * that is being parsed; a request line that arrived in an earlier packet than the end of the head is not recognized.
 */
function speaksOtherProtocol({ httpVersion, method, url, socket }: IncomingMessage): boolean {
  if (httpVersion !== '1.0' || !('parser' in socket)) return false;
  const { parser } = socket;
  if (typeof parser !== 'object' || parser === null || !('getCurrentBuffer' in parser)) return false;
  const packet = typeof parser.getCurrentBuffer === 'function' ? parser.getCurrentBuffer() : undefined;
  if (!(packet instanceof Uint8Array)) return false;
  const text = Buffer.from(packet.buffer, packet.byteOffset, packet.byteLength).toString('latin1');
  return ['RTSP', 'ICE'].some((protocol) => text.includes(`${method} ${url} ${protocol}/`));
}

/**
 * Refuses requests that two servers could delimit differently. The connection closes after the response, because the start of
 * the next request is unknown (RFC 9112 sections 6.1, 6.3 and 11.2).
 */
export function checkFraming(req: RequestHead, fields: FramingFields): void {
  const { contentLength, transferEncoding, upgrade } = fields;
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
  const hasBody = transferEncoding.length > 0 || (contentLength.length > 0 && Number(contentLength[0]) > 0);
  // After the protocol switch, the bytes could belong to the body or to the new protocol (RFC 9110 section 7.8).
  if (upgrade.length > 0 && hasBody) throw badFraming('Upgrade beside a body');
  if (req.method === 'TRACE' || req.method === 'CONNECT') {
    throw new GatewayError('method_not_allowed', { headers: { allow: ALLOWED, connection: 'close' } });
  }
}

function badFraming(detail: string): GatewayError {
  return new GatewayError('bad_request', { detail, headers: { connection: 'close' } });
}
