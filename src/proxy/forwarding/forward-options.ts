/** What a forwarded request carries to the upstream, and what a further attempt of it needs. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { Span } from '../../tracing/span.ts';
import type { UpstreamOptions } from '../../upstream/route-pool.ts';

/** Response headers by lower-case name. */
export type ResponseHeaders = Record<string, string | string[] | undefined>;

export type ForwardRoute = UpstreamOptions &
  Pick<RouteConfig, 'maxBody' | 'bodies'> &
  Partial<Pick<RouteConfig, 'upstreamErrors'>>;

export interface ForwardOptions {
  /** All request headers for the upstream, `Host` included; names alternate with values. */
  headers: string[];
  /** The changes that hooks made to the headers, by name in lower case; undefined for a removed one. */
  hookHeaders?: Readonly<Record<string, string | undefined>> | undefined;
  /** Path and query for the upstream. */
  path: string;
  /** Returns the raw headers of the upstream's response as they go to the client. */
  rewriteHeaders(headers: readonly string[]): string[];
  /** Set when the credentials are valid for one attempt only. */
  attempts?: AttemptHooks | undefined;
  /**
   * Called when the upstream rejects the token. Returns the same request with another token, undefined when there is none.
   * Rejects with a GatewayError when the request must not continue.
   */
  retryWithNewToken?: () => Promise<ForwardOptions | undefined>;
  /** Key of the caller for an upstream that balances by hash. */
  hashKey?: string | undefined;
  /** Maximum body of the request, if it is smaller than that of the route. */
  maxBody?: number | undefined;
  /** The session or service that the request counts for; its address by default. */
  caller?: string | undefined;
  /** Key of the session that the request belongs to. */
  streamKey?: string | undefined;
  /** When the session or the caller's token expires, in milliseconds since the epoch. */
  endsAt?: number | undefined;
  /** The span of the request to the upstream, if it is traced. */
  span?: Span | undefined;
}

export interface AttemptHooks {
  /** Returns the headers of another attempt. */
  headers(): string[];
  /** Records a response. Returns true when the upstream asks for the same request with other headers. */
  onResponse(status: number, headers: ResponseHeaders): boolean;
}
