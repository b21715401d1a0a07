/** Requests the index page from its server: with a time limit, a size limit, and nothing of any user. */
import { readOptionFile } from '../base/system/unreadable.ts';
import { lookup } from '../upstream/connect/loopback.ts';
import { createPool, type Pool } from '../upstream/http/pool.ts';
import type { RequestControl, ResponseHandler, UpstreamClient } from '../upstream/http/request-port.ts';
import type { ResponseHead } from '../upstream/http/response-head.ts';
import { createOpenConnection } from '../upstream/open-connection.ts';
import type { PageResponse } from './index-page.ts';

export interface FetchPageOptions {
  readonly url: string;
  /** Maximum size of a response body in bytes. */
  readonly maxSize: number;
  /** Path of a PEM file with the CA of the server. */
  readonly ca?: string | undefined;
  readonly client: UpstreamClient;
  /** Milliseconds for the whole response; 5 seconds by default. */
  readonly timeout?: number;
}

/** Requests the page with the given validators; names alternate with values. Rejects with a reason for operators. */
export type FetchPage = (validators: readonly string[]) => Promise<PageResponse>;

const TIMEOUT_MS = 5_000;
const MAX_HEAD_BYTES = 32 * 1024;
/** Redirects within the origin, such as from `/app/` to `/app/index.html`. */
const MAX_REDIRECTS = 3;
const REDIRECTS: readonly number[] = [301, 302, 303, 307, 308];

function responseOf({ status, headers }: ResponseHead, body: Buffer): PageResponse {
  return {
    status,
    body,
    header(wanted) {
      const values = headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === wanted);
      return values.length === 0 ? undefined : values.join(', ');
    },
  };
}

/** Sends one request and reads its response to the end. */
function exchange(pool: Pool, { url, validators }: { url: URL; validators: readonly string[] }, limits: Limits) {
  return new Promise<PageResponse>((resolve, reject) => {
    let control: RequestControl | undefined;
    let head: ResponseHead | undefined;
    let size = 0;
    const chunks: Buffer[] = [];
    const fail = (reason: string) => {
      reject(new Error(reason));
      control?.abort(handler);
    };
    const timer = setTimeout(() => fail('its server did not respond in time'), limits.until - performance.now());
    const handler: ResponseHandler = {
      onSend(given) {
        control = given;
      },
      onInformational() {},
      onHead(received) {
        head = received;
      },
      onData(chunk) {
        size += chunk.length;
        if (size > limits.maxSize) fail('it is larger than frontend.maxSize');
        else chunks.push(Buffer.from(chunk));
      },
      onEnd() {
        clearTimeout(timer);
        if (head) resolve(responseOf(head, Buffer.concat(chunks)));
      },
      onError(error) {
        clearTimeout(timer);
        reject(error);
      },
    };
    const headers = ['host', url.host, 'accept', 'text/html', 'accept-encoding', 'identity', ...validators];
    pool.dispatch({ method: 'GET', path: url.pathname + url.search, headers, body: null, repeatable: true }, handler);
  });
}

interface Limits {
  readonly maxSize: number;
  /** The end of the time limit, on the scale of performance.now(). */
  readonly until: number;
}

/** The URL to which a response redirects; throws for one of another origin, undefined if it is no redirect. */
function redirectOf(response: PageResponse, from: URL): URL | undefined {
  const location = response.header('location');
  if (!REDIRECTS.includes(response.status) || location === undefined) return undefined;
  const url = URL.parse(location, from.href);
  if (url?.origin !== from.origin) throw new Error('its server redirects to another origin');
  return url;
}

/** Creates the function that requests the page. Throws when the file of the CA cannot be read. */
export function createFetchPage({ url, maxSize, ca, client, timeout = TIMEOUT_MS }: FetchPageOptions): FetchPage {
  const first = new URL(url);
  const tls = ca === undefined ? {} : { ca: readOptionFile('frontend.ca', ca) };
  const open = createOpenConnection({
    origin: first.origin,
    client,
    // The whole response has one limit.
    headTimeout: 0,
    bodyTimeout: 0,
    maxHeadBytes: MAX_HEAD_BYTES,
    lookup,
    ...tls,
  });
  return async function fetchPage(validators) {
    const limits = { maxSize, until: performance.now() + timeout };
    // One for each time: between two requests lie minutes, so that a kept connection would serve nothing.
    const pool = createPool({ open, connections: 1, connectTimeout: timeout });
    try {
      let at = first;
      for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
        const response = await exchange(pool, { url: at, validators }, limits);
        const next = redirectOf(response, at);
        if (next === undefined) return response;
        at = next;
      }
      throw new Error('its server redirects too often');
    } finally {
      pool.destroy();
    }
  };
}
