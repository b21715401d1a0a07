/** Headers between the gateway and its client: the mark of the gateway's own responses, and the session that a request is for. */

/** Holds the code of an error, or `ok`. The gateway removes it from the responses of upstreams. */
export const GATEWAY_HEADER = 'X-Bff-Gateway';
export const OK = 'ok';

/** Holds the `binding` of `/session`: the gateway refuses a request with the cookie of any other session. */
export const BINDING_HEADER = 'X-Bff-Session';

/** The code in a response of the gateway; undefined when something else sent the response. */
export function gatewayCode({ url, headers }: Response, origin: string): string | undefined {
  // A redirect may have led to another origin, where the header is not removed.
  if (url !== '' && new URL(url).origin !== origin) return undefined;
  return headers.get(GATEWAY_HEADER) ?? undefined;
}
