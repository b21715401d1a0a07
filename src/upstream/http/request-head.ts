/** Serializes the head of a request (RFC 9112 sections 3 and 5). */

import { invalidRequest } from './fault.ts';
import type { UpstreamRequest } from './request-port.ts';

/** Header values may contain tokens and claims from other systems; none of them may end a line (RFC 9110 section 5.5). */
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const INVALID_TARGET = /[^\x21-\x7e]/;
/**
 * Methods that commonly have a body: they send `Content-Length: 0` without one (RFC 9110 section 8.6). Many upstreams ignore
 * the body of any other method and read its bytes as the next request (RFC 9110 section 9.3.1).
 */
const METHODS_WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

export interface RequestHead {
  readonly text: string;
  /** Whether the body is sent in chunks because its length is unknown. */
  readonly chunked: boolean;
  /** Whether the connection may carry another request afterwards. */
  readonly reusable: boolean;
}

/** Returns whether the request has a body that many upstreams ignore. */
export const hasUnusualBody = (method: string, hasBody: boolean) => hasBody && !METHODS_WITH_BODY.has(method);

/** Returns the head as a latin1 string. Throws `UpstreamFault` when a value contains a byte that is not allowed. */
export function serializeHead({ method, path, headers, body, trailers }: UpstreamRequest): RequestHead {
  if (INVALID_TARGET.test(path)) throw invalidRequest('invalid character in the request path');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  let hasLength = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (INVALID_VALUE.test(value)) throw invalidRequest(`invalid character in the request header ${name}`);
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true;
    text += `${name}: ${value}\r\n`;
  }
  const chunked = body !== null && !hasLength;
  if (chunked) text += 'transfer-encoding: chunked\r\n';
  else if (body === null && !hasLength && METHODS_WITH_BODY.has(method)) text += 'content-length: 0\r\n';
  const reusable = method !== 'HEAD' && !hasUnusualBody(method, body !== null);
  const connection = reusable ? 'keep-alive' : 'close';
  // TE concerns this connection only, so Connection names it (RFC 9110 section 10.1.4).
  text += trailers ? `te: trailers\r\nconnection: ${connection}, TE\r\n\r\n` : `connection: ${connection}\r\n\r\n`;
  return { text, chunked, reusable };
}
