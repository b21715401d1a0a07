/** How the gateway talks to the provider: no redirects, bounded time and size, the internal address where one is set. */
import type { CustomFetch } from 'openid-client';

/** An answer on its way in, of whichever fetch. */
export interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<[string, string]>;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** How a request leaves: with Node's own fetch, or one whose connections show a certificate. */
export type SendRequest = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body: Exclude<Parameters<CustomFetch>[1]['body'], undefined>;
    redirect: 'manual';
    signal: AbortSignal;
  },
) => Promise<FetchResponse>;

/** No answer of a provider is near this; a larger one is an attack or a fault (ASVS 15.3.2). */
const MAX_BODY_BYTES = 1024 * 1024;

async function boundedText(response: FetchResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Error('the answer of the provider is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export interface ProviderFetchOptions {
  issuer: string;
  /** Origin under which the provider is reached from here, when it differs from that of the issuer. */
  internalUrl: string | undefined;
  /** Milliseconds for a whole answer, body included. */
  timeout: number;
  send?: SendRequest | undefined;
}

/**
 * A fetch for openid-client. Reads each answer completely before it returns, so that the time-out and the size limit
 * cover the body too, and sends what is addressed to the public origin to the internal one.
 */
export function createProviderFetch({ issuer, internalUrl, timeout, send = fetch }: ProviderFetchOptions): CustomFetch {
  const publicOrigin = new URL(issuer).origin;
  return async function providerFetch(url, options) {
    const target = new URL(url);
    const address = internalUrl && target.origin === publicOrigin ? internalUrl + target.pathname + target.search : url;
    const response = await send(address, {
      ...options,
      body: options.body ?? null,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout),
    });
    const text = await boundedText(response);
    const empty = [101, 204, 205, 304].includes(response.status);
    const headers = new Headers([...response.headers]);
    headers.delete('content-encoding');
    headers.delete('content-length');
    return new Response(empty ? null : text, { status: response.status, statusText: response.statusText, headers });
  };
}
