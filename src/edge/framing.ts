/** The framing of a request: what Node's parser leaves open is refused here. */
import type { IncomingMessage } from 'node:http';
import { GatewayError } from '../base/errors.ts';

/** Fields that decide where a request goes and where it ends, each value as often as it was sent. */
export interface FramingFields {
  readonly host: readonly string[];
  readonly contentLength: readonly string[];
  readonly transferEncoding: readonly string[];
  readonly upgrade: readonly string[];
}

type RequestHead = Pick<IncomingMessage, 'method' | 'rawHeaders' | 'httpVersionMajor' | 'httpVersionMinor'>;

// CONNECT would make a tunnel of the gateway and TRACE would echo the cookie (RFC 9110 sections 9.3.6 and 9.3.8).
const ALLOWED = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS';

/** Collects the fields from the raw list, since the parsed one has already dropped or joined repetitions. */
export function readFramingFields(rawHeaders: readonly string[]): FramingFields {
  const head = { host: [], contentLength: [], transferEncoding: [], upgrade: [] } satisfies Record<
    keyof FramingFields,
    string[]
  >;
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    const list = listFor(head, rawHeaders[at] ?? '');
    list?.push(rawHeaders[at + 1] ?? '');
  }
  return head;
}

function listFor(head: Record<keyof FramingFields, string[]>, name: string): string[] | undefined {
  // The length first: most fields need no comparison of letters at all.
  switch (name.length) {
    case 4:
      return name.toLowerCase() === 'host' ? head.host : undefined;
    case 7:
      return name.toLowerCase() === 'upgrade' ? head.upgrade : undefined;
    case 14:
      return name.toLowerCase() === 'content-length' ? head.contentLength : undefined;
    case 17:
      return name.toLowerCase() === 'transfer-encoding' ? head.transferEncoding : undefined;
    default:
      return undefined;
  }
}

/**
 * Refuses what two servers could cut into messages differently; the connection closes with the answer, because nobody
 * knows where the next request starts (RFC 9112 sections 6.1, 6.3 and 11.2).
 */
export function checkFraming(req: RequestHead, head: FramingFields): void {
  const { contentLength, transferEncoding } = head;
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
  if (contentLength.length === 1 && !/^\d{1,15}$/.test(contentLength[0] ?? '')) throw badFraming('no Content-Length');
  const hasBody = transferEncoding.length > 0 || (contentLength.length > 0 && Number(contentLength[0]) > 0);
  // Behind the switch of protocols nobody would know whose bytes these are (RFC 9110 section 7.8).
  if (head.upgrade.length > 0 && hasBody) throw badFraming('Upgrade beside a body');
  if (req.method === 'TRACE' || req.method === 'CONNECT') {
    throw new GatewayError('method_not_allowed', { headers: { allow: ALLOWED, connection: 'close' } });
  }
}

function badFraming(detail: string): GatewayError {
  return new GatewayError('bad_request', { detail, headers: { connection: 'close' } });
}
