/** The header fields about limits (draft-ietf-httpapi-ratelimit-headers-12: lists of items of RFC 9651). */

/** What a request has left of one limit. */
export interface LimitStanding {
  readonly label: string;
  /** The member of `RateLimit-Policy`. */
  readonly policy: string;
  readonly remaining: number;
  /** Milliseconds until more requests are allowed; undefined for requests at a time. */
  readonly reset?: number | undefined;
}

export const LIMIT_HEADERS = ['ratelimit', 'ratelimit-policy'] as const;

const serviceLimit = ({ label, remaining, reset }: LimitStanding) =>
  `"${label}";r=${remaining}${reset === undefined ? '' : `;t=${Math.ceil(reset / 1000)}`}`;

/** Returns the headers of a response. None of them names the caller (`pk`). */
export const limitHeaders = (standings: readonly LimitStanding[]): Record<string, string> => ({
  ratelimit: standings.map(serviceLimit).join(', '),
  'ratelimit-policy': standings.map(({ policy }) => policy).join(', '),
});
