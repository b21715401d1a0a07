/** Parses the request target into the one path that policy, CSRF check and upstream use, or refuses it. */
import { normalizeAuthority } from '../base/authority.ts';
import { GatewayError } from '../base/errors.ts';
import { decodeAgain, hasDotSegment, isUnambiguous, lenientInterpretation } from './path-interpretations.ts';

export interface RequestTarget {
  /** Path and query exactly as received, and as sent to the upstream (RFC 3986 bytes, never rewritten). */
  readonly raw: string;
  /** The path part of `raw`. */
  readonly path: string;
  /** The query part of `raw` with its question mark, or the empty string. */
  readonly query: string;
  /** Path segments, split at `/`, then percent-decoded. */
  readonly segments: readonly string[];
  /**
   * The segments as a lenient upstream may read them: `%2F` as a separator, empty segments dropped, `;parameters` removed,
   * decoded twice, compatibility characters as plain ones, dots and spaces at the end of a segment dropped. If routing gives another result for them, the path is ambiguous.
   * The same array as `segments` when the path has one interpretation only, as in nearly every request.
   */
  readonly lenient: readonly string[];
}

// RFC 9110 section 4.1 recommends at least 8000 octets; a longer target is refused with 414 before it is parsed.
const MAX_LENGTH = 8192;
// RFC 3986 allows printable ASCII only: no space, control character or raw non-ASCII; and a target has no fragment.
const PRINTABLE = /^[\x21\x22\x24-\x7e]+$/;
const CONTROL = /\p{Cc}/u;
// Escapes that a second decoding would turn into a separator, dot, delimiter or control character.
const DOUBLE_ENCODED = /%(?:2e|2f|5c|3b|3f|23|[01][0-9a-f]|7f)/i;

/**
 * Parses the target of the request line. Throws on anything malformed or ambiguous; nothing is corrected (RFC 9112 sections 3.2
 * and 11.2). An absolute-form target must name `publicOrigin`.
 */
export function parseTarget(rawTarget: string, publicOrigin: string): RequestTarget {
  if (rawTarget.length > MAX_LENGTH) throw new GatewayError('uri_too_long');
  if (!PRINTABLE.test(rawTarget)) throw refused('bad_request', 'character that a request target may not contain');
  const raw = rawTarget.startsWith('/') ? rawTarget : fromAbsoluteForm(rawTarget, publicOrigin);
  const queryStart = raw.indexOf('?');
  const path = queryStart < 0 ? raw : raw.slice(0, queryStart);
  if (path.includes('\\')) throw refused('ambiguous_path', 'backslash');
  const rawSegments = path.slice(1).split('/');
  const segments = path.includes('%') ? rawSegments.map(decode) : rawSegments;
  if (segments.some(hasDotSegment)) throw refused('ambiguous_path', 'dot segment');
  const lenient = isUnambiguous(path, segments) ? segments : lenientInterpretation(path);
  return { raw, path, query: queryStart < 0 ? '' : raw.slice(queryStart), segments, lenient };
}

/** RFC 9112 section 3.2.2: scheme and authority must be the public ones. The forms of 3.2.3 and 3.2.4 are refused. */
function fromAbsoluteForm(rawTarget: string, publicOrigin: string): string {
  const colon = rawTarget.indexOf('://');
  if (colon <= 0) throw refused('bad_request', 'neither origin-form nor absolute-form');
  const rest = rawTarget.slice(colon + 3);
  const end = rest.search(/[/?]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const scheme = rawTarget.slice(0, colon).toLowerCase();
  if (`${scheme}://${normalizeAuthority(authority, scheme)}` !== publicOrigin) {
    throw refused('misdirected', 'absolute-form names another origin');
  }
  const pathAndQuery = end < 0 ? '' : rest.slice(end);
  // An empty path is the root (RFC 9110 section 4.2.3).
  return pathAndQuery.startsWith('/') ? pathAndQuery : `/${pathAndQuery}`;
}

function decode(segment: string): string {
  if (!segment.includes('%')) return segment;
  let decoded: string;
  try {
    // Strict: throws on a lone percent sign, overlong UTF-8 and surrogates.
    decoded = decodeURIComponent(segment);
  } catch {
    throw refused('bad_request', 'percent-encoding is not UTF-8');
  }
  if (CONTROL.test(decoded)) throw refused('ambiguous_path', 'encoded control character');
  if (decoded.includes('\\')) throw refused('ambiguous_path', 'encoded backslash');
  if (DOUBLE_ENCODED.test(decoded)) throw refused('ambiguous_path', 'double encoding');
  const twice = decodeAgain(decoded);
  if (twice !== decoded && (CONTROL.test(twice) || decodeAgain(twice) !== twice)) {
    throw refused('ambiguous_path', 'encoded more than twice, or a control character twice');
  }
  return decoded;
}

function refused(code: 'ambiguous_path' | 'bad_request' | 'misdirected', detail: string): GatewayError {
  return new GatewayError(code, { detail });
}

export { normalizeAuthority } from '../base/authority.ts';
