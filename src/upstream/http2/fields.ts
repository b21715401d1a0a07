/** Translates the fields of requests and responses between HTTP/1.1 and HTTP/2 (RFC 9113 section 8). */
import { invalidRequest } from '../http/fault.ts';
import type { Framing } from '../http/framing.ts';
import type { UpstreamRequest } from '../http/request-port.ts';
import { headerValues, type ResponseHead } from '../http/response-head.ts';

/** Fields of one HTTP/1.1 connection, which make a message of HTTP/2 malformed (RFC 9113 section 8.2.2). */
const OF_CONNECTION: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
]);
const INVALID_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/** The fields of a request; names alternate with values. Throws `UpstreamFault` when a value contains a byte that is not allowed. */
export function requestFields(
  { method, path, headers, trailers }: UpstreamRequest,
  scheme: 'http' | 'https',
): string[] {
  const fields: string[] = [];
  let authority = 'localhost';
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]?.toLowerCase() ?? '';
    const value = headers[at + 1] ?? '';
    if (INVALID_VALUE.test(value)) throw invalidRequest(`invalid character in the request header ${name}`);
    if (name === 'host') authority = value;
    else if (!OF_CONNECTION.has(name)) fields.push(name, value);
  }
  if (trailers) fields.push('te', 'trailers');
  return [':method', method, ':scheme', scheme, ':authority', authority, ':path', path, ...fields];
}

/** The fields of a message without pseudo fields and those of a connection. */
export function fieldsOf(raw: readonly string[]): string[] {
  const fields: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] ?? '';
    if (!name.startsWith(':') && !OF_CONNECTION.has(name)) fields.push(name, raw[at + 1] ?? '');
  }
  return fields;
}

/** The status of gRPC, which belongs to the trailers: without a body they take the place of the head. */
const GRPC_STATUS = /^grpc-(?:status|message|status-details-bin)$/;

/** Splits the head of a gRPC response that has trailers only (`Trailers-Only` of its protocol) into a head and trailers. */
export function splitTrailersOnly(fields: readonly string[]): { head: string[]; trailers: string[] } {
  const head: string[] = [];
  const trailers: string[] = [];
  for (let at = 0; at < fields.length; at += 2)
    (GRPC_STATUS.test(fields[at] ?? '') ? trailers : head).push(fields[at] ?? '', fields[at + 1] ?? '');
  return { head, trailers };
}

function framingOf(status: number, headers: readonly string[], isHead: boolean, isWhole: boolean): Framing {
  if (isHead || isWhole || status === 204 || status === 304) return { kind: 'none' };
  const [length] = headerValues(headers, 'content-length');
  return length === undefined ? { kind: 'chunked' } : { kind: 'length', length: Number(length) };
}

/** The head of a response as the connections of HTTP/1.1 deliver it. `isWhole`: neither body nor trailers follow. */
export function responseHead(status: number, headers: string[], isHead: boolean, isWhole: boolean): ResponseHead {
  return { status, reason: '', headers, framing: framingOf(status, headers, isHead, isWhole), keepAliveMs: undefined };
}
