/** The request target: one path that policy, CSRF and upstream all see, or a refusal. */

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
   * How a lenient upstream might read the same path: `%2F` decoded as a separator, empty segments dropped, `;parameters` cut.
   * Routing must come to the same result for both, else the path is ambiguous.
   */
  readonly lenient: readonly string[];
}
