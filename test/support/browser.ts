/** A browser for tests: cookie jar, redirects across sites, fetch metadata, self-submitting forms and meta refresh. */

import { type BrowserResponse, createAgent, type Front, send } from './browser-http.ts';
import { type CookieContext, type CookieJar, createJar } from './browser-jar.ts';
import { fetchSite, isSameSite, isTrustworthy } from './browser-site.ts';
import { nextStep, type Step } from './browser-steps.ts';

/** One request and its answer, as the network panel would show it. */
export interface Hop extends BrowserResponse {
  url: URL;
  method: string;
  requestHeaders: Record<string, string>;
}

export interface Page extends Hop {
  /** All requests that led here, this one last. */
  hops: Hop[];
  /** The address that was not visited because `stopAt` said so. */
  stoppedAt: URL | undefined;
  json(): Record<string, unknown>;
}

export interface NavigateOptions {
  method?: 'GET' | 'POST';
  /** Fields of a form post. */
  form?: Record<string, string>;
  /** The page that holds the link or form; undefined is an address typed or a bookmark. */
  from?: string;
  /** Do not visit this address; the page that points there is the result. */
  stopAt?: (url: URL) => boolean;
  headers?: Record<string, string>;
}

export interface FetchOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The page whose script calls; the own origin when left out. */
  from?: string;
  mode?: 'cors' | 'no-cors';
  dest?: 'empty' | 'image' | 'iframe' | 'script';
  signal?: AbortSignal;
}

export interface Browser {
  readonly jar: CookieJar;
  /** Everything that ever came back: for leak scans. */
  readonly responses: Hop[];
  /** The address bar. */
  location(): URL | undefined;
  /** Goes to an address like a click or a typed address does, and follows wherever that leads. */
  navigate(url: string, options?: NavigateOptions): Promise<Page>;
  /** Calls an address as a script (or an image, a frame) of a page does. Redirects are not followed. */
  fetch(url: string, options?: FetchOptions): Promise<Page>;
  /** The Cookie header that a same-origin call of `url` would carry. */
  cookieHeader(url: string): string;
  /** Length of the longest Cookie header sent so far. */
  longestCookieHeader(): number;
  close(): void;
}

export interface BrowserOptions {
  /** Base of relative addresses: the gateway. */
  baseUrl: string;
  /** Public origins that a proxy stands for. */
  fronts?: Record<string, Front>;
  clock?: () => number;
}

const MAX_HOPS = 20;
const SAFE = new Set(['GET', 'HEAD']);
const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const pageOf = (hops: Hop[], stoppedAt?: URL): Page => {
  const last = hops.at(-1);
  if (!last) throw new Error('nothing was requested');
  return { ...last, hops, stoppedAt, json: () => JSON.parse(last.body) };
};

/** A browser with an empty jar. */
export function createBrowser(options: BrowserOptions): Browser {
  const jar = createJar(options.clock);
  const agent = createAgent();
  const responses: Hop[] = [];
  let bar: URL | undefined;
  let longest = 0;

  const cookiesFor = (url: URL, context: CookieContext) =>
    jar
      .for(url, context)
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ');

  async function request(
    step: Step & { signal?: AbortSignal | undefined },
    context: CookieContext,
    headers: Record<string, string>,
  ): Promise<Hop> {
    const { url, method, body } = step;
    const cookie = cookiesFor(url, context);
    longest = Math.max(longest, cookie.length);
    const requestHeaders = { ...headers, ...step.headers, ...(cookie === '' ? {} : { cookie }) };
    const front = options.fronts?.[url.origin];
    const received = await send({ url, method, headers: requestHeaders, body, signal: step.signal }, agent, front);
    for (const line of received.setCookies) jar.set(line, url, context);
    const hop = { ...received, url, method, requestHeaders };
    responses.push(hop);
    return hop;
  }

  async function navigate(target: string, how: NavigateOptions = {}): Promise<Page> {
    const first = new URL(target, options.baseUrl);
    const body = how.form && new URLSearchParams(how.form).toString();
    let step: Step | undefined = { url: first, method: how.method ?? 'GET', body, headers: {} };
    let initiator = how.from === undefined ? undefined : new URL(how.from);
    let chain: URL[] = [];
    const hops: Hop[] = [];
    while (step) {
      if (how.stopAt?.(step.url)) return pageOf(hops, step.url);
      if (hops.length >= MAX_HOPS) throw new Error(`more than ${MAX_HOPS} hops, last ${step.url}`);
      chain = [...chain, step.url];
      const sameSite = isSameSite(initiator, chain);
      const context = { sameSite, topLevel: true, safeMethod: SAFE.has(step.method) };
      const hop: Hop = await request(step, context, { ...navigationHeaders(initiator, chain, step), ...how.headers });
      hops.push(hop);
      bar = hop.url;
      const next: (Step & { fresh: boolean }) | undefined = nextStep(hop);
      if (next?.fresh) [initiator, chain] = [hop.url, []];
      step = next;
    }
    return pageOf(hops);
  }

  async function call(target: string, how: FetchOptions = {}): Promise<Page> {
    const url = new URL(target, options.baseUrl);
    const from = new URL(how.from ?? url.origin);
    const method = how.method ?? 'GET';
    const context = { sameSite: isSameSite(from, [url]), topLevel: false, safeMethod: SAFE.has(method) };
    const step = { url, method, body: how.body, headers: how.headers ?? {}, signal: how.signal };
    return pageOf([await request(step, context, scriptHeaders(from, step, how))]);
  }

  return {
    jar,
    responses,
    location: () => bar,
    navigate,
    fetch: call,
    cookieHeader: (url) =>
      cookiesFor(new URL(url, options.baseUrl), { sameSite: true, topLevel: false, safeMethod: true }),
    longestCookieHeader: () => longest,
    close: () => agent.destroy(),
  };
}

function navigationHeaders(initiator: URL | undefined, chain: URL[], step: Step): Record<string, string> {
  const form = step.method === 'POST' ? { 'content-type': 'application/x-www-form-urlencoded' } : {};
  const origin = step.method === 'POST' ? { origin: chain.length > 1 ? 'null' : (initiator?.origin ?? 'null') } : {};
  const metadata = {
    'sec-fetch-site': fetchSite(initiator, chain),
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-user': '?1',
  };
  return {
    accept: HTML,
    'upgrade-insecure-requests': '1',
    ...form,
    ...origin,
    ...(isTrustworthy(step.url) ? metadata : {}),
  };
}

function scriptHeaders(from: URL, step: Step, how: FetchOptions): Record<string, string> {
  const dest = how.dest ?? 'empty';
  const foreign = from.origin !== step.url.origin;
  const sendsOrigin = !SAFE.has(step.method) || (foreign && how.mode !== 'no-cors' && dest === 'empty');
  const metadata = {
    'sec-fetch-site': fetchSite(from, [step.url]),
    'sec-fetch-mode': dest === 'iframe' ? 'navigate' : (how.mode ?? (dest === 'empty' ? 'cors' : 'no-cors')),
    'sec-fetch-dest': dest,
  };
  return {
    accept: '*/*',
    ...(sendsOrigin ? { origin: from.origin } : {}),
    ...(isTrustworthy(step.url) ? metadata : {}),
  };
}
