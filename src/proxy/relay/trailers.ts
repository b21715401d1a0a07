/** Selects the trailer fields of a response that reach the client (RFC 9110 section 6.5). */
import type { IncomingMessage } from 'node:http';
import { canonicalName, createNameTest, headersOf } from '../../base/header-names.ts';
import { classifyResponseHeader } from '../headers/response-names.ts';

/** `trailers` in a list of codings, each with an optional weight (RFC 9110 section 10.1.4). */
const TRAILERS = /(?:^|,)[\t ]*trailers[\t ]*(?:[;,]|$)/i;

/**
 * Fields that must be known before the body: framing, routing, conditions, authentication, content, control of caches, and
 * the policies of browsers (RFC 9110 section 6.5.1). A proxy in front may merge a trailer into the headers.
 */
const isForbidden = createNameTest([
  'accept*',
  'age',
  'authentication-info',
  'authorization',
  'content-*',
  'cookie*',
  'cross-origin-*',
  'date',
  'expect',
  'forwarded',
  'host',
  'if-*',
  'link',
  'max-forwards',
  'permissions-policy',
  'range',
  'retry-after',
  'sec-*',
  'status',
  'via',
  'warning',
  'www-authenticate',
  'x-forwarded-*',
  'x-frame-options',
  'x-xss-protection',
]);
/** RFC 9530 section 2: the digest of a body that is produced while it is sent. */
const DIGEST = 'content-digest';

type Pair = [name: string, value: string];

function pairsOf(raw: readonly string[]): Pair[] {
  const pairs: Pair[] = [];
  for (let at = 0; at < raw.length; at += 2) pairs.push([raw[at] ?? '', raw[at + 1] ?? '']);
  return pairs;
}

function mayBeTrailer(name: string): boolean {
  const lower = name.toLowerCase();
  return classifyResponseHeader(name) === 'pass' && (lower === DIGEST || !isForbidden(canonicalName(name)));
}

/** Whether the client asks for trailers with `TE: trailers`. */
export function asksForTrailers({ headers }: IncomingMessage): boolean {
  return headers.te !== undefined && TRAILERS.test(String(headers.te));
}

/** Whether trailers can be sent to the client: in HTTP/2 always (RFC 9113 section 8.1), in HTTP/1.1 if it asks for them. */
export function takesTrailers(req: IncomingMessage): boolean {
  return req.httpVersionMajor >= 2 || (req.httpVersion === '1.1' && asksForTrailers(req));
}

/**
 * Returns the trailer fields for the client by name. A field passes if it may be a trailer, and if the rewriter of the
 * response headers would let it through as a header, unchanged: an option that removes a header removes the trailer as well.
 * `head` are the headers of the response, because its Connection header can name fields to remove.
 */
export function selectTrailers(
  trailers: readonly string[],
  head: readonly string[],
  rewriteHeaders: (raw: readonly string[]) => string[],
): ReturnType<typeof headersOf> {
  const connection = pairsOf(head).filter(([name]) => name.toLowerCase() === 'connection');
  const candidates = pairsOf(trailers).filter(([name]) => mayBeTrailer(name));
  const passed = pairsOf(rewriteHeaders([...connection, ...candidates].flat()));
  const passes = ([name, value]: Pair) => passed.some((field) => field[0] === name && field[1] === value);
  return headersOf(candidates.filter(passes).flat());
}
