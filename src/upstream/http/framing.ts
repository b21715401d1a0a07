/** How the end of a response body is found, and whether the connection can be reused (RFC 9112 sections 6.3 and 9.3). */
import { protocolError } from './fault.ts';

/** How the end of a response body is found. */
export type Framing =
  | { readonly kind: 'none' | 'chunked' | 'until-close' }
  | { readonly kind: 'length'; readonly length: number };

const NONE: Framing = { kind: 'none' };
const CHUNKED: Framing = { kind: 'chunked' };
const UNTIL_CLOSE: Framing = { kind: 'until-close' };

/** The fields that decide about framing and connection reuse. */
export interface FramingFields {
  contentLength: string | undefined;
  transferEncoding: string | undefined;
  connection: string;
  keepAlive: string;
}

/** Returns the fields of a head before any is read. */
export const noFramingFields = (): FramingFields => ({
  contentLength: undefined,
  transferEncoding: undefined,
  connection: '',
  keepAlive: '',
});

function requireSingle(previous: string | undefined, value: string, name: string): string {
  if (previous !== undefined) throw protocolError(`more than one ${name}`);
  return value;
}

/** Takes the value of a field that decides. Throws `UpstreamFault` when it occurs twice. */
export function recordFramingField(fields: FramingFields, name: string, value: string): void {
  // Compares the length first, which rules out most fields without converting them to lower case.
  if (name.length === 14 && name.toLowerCase() === 'content-length')
    fields.contentLength = requireSingle(fields.contentLength, value, 'Content-Length');
  else if (name.length === 17 && name.toLowerCase() === 'transfer-encoding')
    fields.transferEncoding = requireSingle(fields.transferEncoding, value, 'Transfer-Encoding');
  else if (name.length === 10 && fields.keepAlive === '' && name.toLowerCase() === 'keep-alive')
    fields.keepAlive = value;
  else if (name.length === 10 && name.toLowerCase() === 'connection') fields.connection += `,${value.toLowerCase()}`;
}

/** Where a recipient may repair or reject a message, it is rejected, whether or not the response has a body. */
function checkFraming(isHttp10: boolean, { contentLength, transferEncoding }: FramingFields): void {
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) throw protocolError('invalid Content-Length');
  if (transferEncoding === undefined) return;
  if (contentLength !== undefined) throw protocolError('both Content-Length and Transfer-Encoding');
  if (isHttp10 || transferEncoding.toLowerCase() !== 'chunked')
    throw protocolError('a Transfer-Encoding other than chunked');
}

/** Follows the order of RFC 9112 section 6.3. Throws `UpstreamFault`. */
export function bodyFraming(status: number, isHttp10: boolean, isHead: boolean, fields: FramingFields): Framing {
  checkFraming(isHttp10, fields);
  if (isHead || status < 200 || status === 204 || status === 304) return NONE;
  if (fields.transferEncoding !== undefined) return CHUNKED;
  return fields.contentLength === undefined ? UNTIL_CLOSE : { kind: 'length', length: Number(fields.contentLength) };
}

/**
 * RFC 9112 section 9.3; the hint of `Keep-Alive` is in seconds. The connection is never reused after a response without a
 * body (HEAD, 204, 304): some upstreams send a body anyway, announced or not, at any later time, and such bytes cannot be
 * distinguished from the response to the next request (RFC 9110 section 9.3.2, RFC 9112 sections 6.3 and 11.2).
 */
export function keepAliveMs(isHttp10: boolean, framing: Framing, { connection, keepAlive }: FramingFields) {
  if (isHttp10 || framing.kind === 'until-close' || framing.kind === 'none') return 0;
  if (/(?:^|[,\s])close(?:$|[,\s])/.test(connection)) return 0;
  const hint = /(?:^|[,\s])timeout=(\d{1,6})/i.exec(keepAlive)?.[1];
  return hint === undefined ? undefined : Number(hint) * 1000;
}
