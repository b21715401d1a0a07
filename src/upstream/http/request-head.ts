/** Writes the head of a request (RFC 9112 sections 3 and 5). */

import { protocolError } from './fault.ts';
import type { UpstreamRequest } from './request-port.ts';

/** Tokens and claims come from elsewhere: none of them may end a line (RFC 9110 section 5.5). */
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;
const INVALID_TARGET = /[^\x21-\x7e]/;
/** A length of 0 is said where a body would be expected (RFC 9110 section 8.6). */
const EXPECTED = new Set(['POST', 'PUT', 'PATCH']);

export interface RequestHead {
  readonly text: string;
  /** The body goes in chunks, since its length is not known. */
  readonly chunked: boolean;
}

/** The head as bytes of latin1. Throws `UpstreamFault` when a value cannot be sent. */
export function requestHead({ method, path, headers, body }: UpstreamRequest): RequestHead {
  if (INVALID_TARGET.test(path)) throw protocolError('a path that cannot be sent');
  let text = `${method} ${path} HTTP/1.1\r\n`;
  let measured = false;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (INVALID_VALUE.test(value)) throw protocolError(`a value of ${name} that cannot be sent`);
    if (name.length === 14 && name.toLowerCase() === 'content-length') measured = true;
    text += `${name}: ${value}\r\n`;
  }
  const chunked = body !== null && !measured;
  if (chunked) text += 'transfer-encoding: chunked\r\n';
  else if (body === null && !measured && EXPECTED.has(method)) text += 'content-length: 0\r\n';
  return { text: `${text}connection: keep-alive\r\n\r\n`, chunked };
}
