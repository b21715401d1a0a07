/** Sends requests to the provider: no redirects, bounded time and size, over the internal address where one is configured. */
import type { CustomFetch } from 'openid-client';

/** The response of Node's fetch or of undici's, before its body is read. */
export interface FetchResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: Iterable<[string, string]>;
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** Sends one request: Node's fetch, or one whose connections present a client certificate. */
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

/** Far above any legitimate response; a larger one is an attack or a fault (ASVS 15.3.2). */
const MAX_BODY_BYTES = 1024 * 1024;

async function readBoundedText(response: FetchResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Error('the response of the provider is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

export interface ProviderFetchOptions {
  issuer: string;
  /** Origin under which the gateway reaches the provider, where it differs from the origin of the issuer. */
  internalUrl: string | undefined;
  /** Milliseconds for a complete response, body included. */
  timeout: number;
  send?: SendRequest | undefined;
}

/**
 * Creates a fetch for openid-client. It reads each response completely before it returns, so that the timeout and the
 * size limit cover the body, and it sends requests for the public origin to the internal one.
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
    const text = await readBoundedText(response);
    const bodyless = [101, 204, 205, 304].includes(response.status);
    const headers = new Headers([...response.headers]);
    headers.delete('content-encoding');
    headers.delete('content-length');
    return new Response(bodyless ? null : text, { status: response.status, statusText: response.statusText, headers });
  };
}
