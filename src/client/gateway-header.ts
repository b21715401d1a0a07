/** The response header that only the gateway sets: how a response of the gateway is told from one of an upstream. */

/** Holds the code of a refusal, or `ok`. The gateway removes it from the responses of upstreams. */
export const GATEWAY_HEADER = 'X-Bff-Gateway';
export const OK = 'ok';

/** What the gateway says with a response; undefined when the response is not the gateway's. */
export function gatewayCode({ url, headers }: Response, origin: string): string | undefined {
  // A redirect may have led to another origin, where nobody removes the header.
  if (url !== '' && new URL(url).origin !== origin) return undefined;
  return headers.get(GATEWAY_HEADER) ?? undefined;
}
