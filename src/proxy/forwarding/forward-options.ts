/** What a forwarded call goes upstream with, and what another attempt of it takes. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { UpstreamOptions } from '../../upstream/upstreams.ts';

/** Headers of an answer by lower-case name. */
export type ResponseHeaders = Record<string, string | string[] | undefined>;

export type ForwardRoute = UpstreamOptions & Pick<RouteConfig, 'maxBody'>;

export interface ForwardOptions {
  /** Complete request headers for the upstream, `Host` included: name, value, name, value... */
  headers: string[];
  /** Path and query for the upstream. */
  path: string;
  /** Turns the raw headers of the answer into those for the client. */
  rewriteHeaders(headers: readonly string[]): string[];
  /** For credentials that are good for one attempt only. */
  attempts?: Attempts | undefined;
  /** When the upstream refuses the token: the same call with another one; undefined when there is none. Rejects with a GatewayError when it must not go on. */
  retryWithNewToken?: () => Promise<ForwardOptions | undefined>;
  /** Key of the session that the call belongs to. */
  streamKey?: string | undefined;
  /** When that session ends at the latest, or the caller's token lapses; milliseconds since the epoch. */
  endsAt?: number | undefined;
}

export interface Attempts {
  /** The headers of another attempt. */
  headers(): string[];
  /** Told of each answer; true when the upstream would have the same call once more, with other headers. */
  answered(status: number, headers: ResponseHeaders): boolean;
}
