/** Response header that marks the gateway's own responses; only the gateway can set it. */

/** Holds the code of an error, or `ok`. The gateway removes it from the responses of upstreams. */
export const GATEWAY_HEADER = 'X-Bff-Gateway';
export const OK = 'ok';

/** The code in a response of the gateway; undefined when something else sent the response. */
export function gatewayCode({ url, headers }: Response, origin: string): string | undefined {
  // A redirect may have led to another origin, where the header is not removed.
  if (url !== '' && new URL(url).origin !== origin) return undefined;
  return headers.get(GATEWAY_HEADER) ?? undefined;
}
