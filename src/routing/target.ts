/** The request target: one path that policy, CSRF and upstream all see, or a refusal. */
import { GatewayError } from '../base/errors.ts';
import { decodedAgain, hasDotSegment, isUnambiguous, lenientInterpretation } from './path-interpretations.ts';

export interface RequestTarget {
  /** Path and query exactly as received; what the upstream gets (RFC 3986 bytes, never rewritten). */
  readonly raw: string;
  /** The path part of `raw`. */
  readonly path: string;
  /** The query part of `raw` with its question mark, or the empty string. */
  readonly query: string;
  /** Path segments, split at `/`, then percent-decoded. */
  readonly segments: readonly string[];
  /**
   * How a lenient upstream might read the same path: `%2F` decoded as a separator, empty segments dropped, `;parameters` cut,
   * decoded twice, compatibility forms of letters as the plain ones. Routing must come to the same result for both, else the
   * path is ambiguous. The same array as `segments` when there is only one way to read the path, which holds for
   * nearly every request.
   */
  readonly lenient: readonly string[];
}

// RFC 9110 section 4.1 asks for 8000 octets at least; beyond that a client gets 414 before anything looks at the target.
const MAX_LENGTH = 8192;
// RFC 3986 knows printable ASCII only: no space, no control character, no raw non-ASCII, and no fragment.
const PRINTABLE = /^[\x21\x22\x24-\x7e]+$/;
const CONTROL = /\p{Cc}/u;
// What a second decoding would turn into a separator, a dot, a delimiter or a control character.
const DOUBLE_ENCODED = /%(?:2e|2f|5c|3b|3f|23|[01][0-9a-f]|7f)/i;

/**
 * Parses the request line's target, or refuses it; nothing is ever repaired (RFC 9112 sections 3.2 and 11.2).
 * `publicOrigin` is what an absolute-form target must name.
 */
export function parseTarget(rawTarget: string, publicOrigin: string): RequestTarget {
  if (rawTarget.length > MAX_LENGTH) throw new GatewayError('uri_too_long');
  if (!PRINTABLE.test(rawTarget)) throw refused('bad_request', 'character that no request target may hold');
  const raw = rawTarget.startsWith('/') ? rawTarget : fromAbsoluteForm(rawTarget, publicOrigin);
  const mark = raw.indexOf('?');
  const path = mark < 0 ? raw : raw.slice(0, mark);
  if (path.includes('\\')) throw refused('ambiguous_path', 'backslash');
  const rawSegments = path.slice(1).split('/');
  const segments = path.includes('%') ? rawSegments.map(decode) : rawSegments;
  if (segments.some(hasDotSegment)) throw refused('ambiguous_path', 'dot segment');
  const lenient = isUnambiguous(path, segments) ? segments : lenientInterpretation(path);
  return { raw, path, query: mark < 0 ? '' : raw.slice(mark), segments, lenient };
}

/** RFC 9112 section 3.2.2: scheme and authority must be ours; section 3.2.3 and 3.2.4 forms are of no use here. */
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
    // Strict: refuses a lone percent sign, overlong UTF-8 and surrogates.
    decoded = decodeURIComponent(segment);
  } catch {
    throw refused('bad_request', 'percent-encoding that is no UTF-8');
  }
  if (CONTROL.test(decoded)) throw refused('ambiguous_path', 'encoded control character');
  if (decoded.includes('\\')) throw refused('ambiguous_path', 'encoded backslash');
  if (DOUBLE_ENCODED.test(decoded)) throw refused('ambiguous_path', 'double encoding');
  const again = decodedAgain(decoded);
  if (again !== decoded && (CONTROL.test(again) || decodedAgain(again) !== again)) {
    throw refused('ambiguous_path', 'encoded more than twice, or a control character twice');
  }
  return decoded;
}

function refused(code: 'ambiguous_path' | 'bad_request' | 'misdirected', detail: string): GatewayError {
  return new GatewayError(code, { detail });
}

const DEFAULT_PORTS: Record<string, string> = { http: ':80', https: ':443' };

/** Lower case, without the default port of the scheme; everything else stays and so compares as different. */
export function normalizeAuthority(authority: string, scheme: string): string {
  const lower = authority.toLowerCase();
  const suffix = DEFAULT_PORTS[scheme];
  if (suffix === undefined || !lower.endsWith(suffix)) return lower;
  const host = lower.slice(0, -suffix.length);
  // With a port of its own before it the suffix is no port: `host:8443:443` is nobody, not `host:8443`.
  return /:[^\]]*$/.test(host) ? lower : host;
}
