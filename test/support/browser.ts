/** A browser for tests: cookie jar, redirects across sites, fetch metadata, self-submitting forms and meta refresh. */

import { type BrowserResponse, createAgent, type Front, send } from './browser-http.ts';
import { type CookieContext, type CookieJar, createJar } from './browser-jar.ts';
import { fetchSite, isSameSite, isTrustworthy } from './browser-site.ts';
import { nextStep, type Step } from './browser-steps.ts';

/** One request and its response. */
export interface Hop extends BrowserResponse {
  url: URL;
  method: string;
  requestHeaders: Record<string, string>;
}

export interface Page extends Hop {
  /** All requests of the navigation, in order. */
  hops: Hop[];
  /** The URL at which `stopAt` ended the navigation. */
  stoppedAt: URL | undefined;
  json(): Record<string, unknown>;
}

export interface NavigateOptions {
  method?: 'GET' | 'POST';
  /** Fields of a form post. */
  form?: Record<string, string>;
  /** The page that contains the link or form; undefined for a typed URL or a bookmark. */
  from?: string;
  /** Ends the navigation before this URL; the previous page is the result. */
  stopAt?: (url: URL) => boolean;
  headers?: Record<string, string>;
}

export interface FetchOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** The page whose script sends the request; the own origin by default. */
  from?: string;
  mode?: 'cors' | 'no-cors';
  dest?: 'empty' | 'image' | 'iframe' | 'script';
  signal?: AbortSignal;
}

export interface Browser {
  readonly jar: CookieJar;
  /** All responses, for leak scans. */
  readonly responses: Hop[];
  /** The URL of the current page. */
  location(): URL | undefined;
  /** Navigates as by a click or a typed URL, and follows redirects and self-submitting forms. */
  navigate(url: string, options?: NavigateOptions): Promise<Page>;
  /** Sends a request as a script, image or frame of a page. Does not follow redirects. */
  fetch(url: string, options?: FetchOptions): Promise<Page>;
  /** The Cookie header of a same-origin request to `url`. */
  cookieHeader(url: string): string;
  /** Length of the longest Cookie header so far. */
  longestCookieHeader(): number;
  close(): void;
}

export interface BrowserOptions {
  /** Base of relative URLs: the gateway. */
  baseUrl: string;
  /** Simulated proxies by public origin. */
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

/** Creates a browser with an empty cookie jar. */
export function createBrowser(options: BrowserOptions): Browser {
  const jar = createJar(options.clock);
  const agent = createAgent();
  const responses: Hop[] = [];
  let current: URL | undefined;
  let longestCookie = 0;

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
    longestCookie = Math.max(longestCookie, cookie.length);
    const requestHeaders = { ...headers, ...step.headers, ...(cookie === '' ? {} : { cookie }) };
    const front = options.fronts?.[url.origin];
    const received = await send({ url, method, headers: requestHeaders, body, signal: step.signal }, agent, front);
    for (const line of received.setCookies) jar.set(line, url, context);
    const hop = { ...received, url, method, requestHeaders };
    responses.push(hop);
    return hop;
  }

  async function navigate(target: string, navigation: NavigateOptions = {}): Promise<Page> {
    const first = new URL(target, options.baseUrl);
    const body = navigation.form && new URLSearchParams(navigation.form).toString();
    let step: Step | undefined = { url: first, method: navigation.method ?? 'GET', body, headers: {} };
    let initiator = navigation.from === undefined ? undefined : new URL(navigation.from);
    let chain: URL[] = [];
    const hops: Hop[] = [];
    while (step) {
      if (navigation.stopAt?.(step.url)) return pageOf(hops, step.url);
      if (hops.length >= MAX_HOPS) throw new Error(`more than ${MAX_HOPS} hops, last ${step.url}`);
      chain = [...chain, step.url];
      const sameSite = isSameSite(initiator, chain);
      const context = { sameSite, topLevel: true, safeMethod: SAFE.has(step.method) };
      const hop: Hop = await request(step, context, {
        ...navigationHeaders(initiator, chain, step),
        ...navigation.headers,
      });
      hops.push(hop);
      current = hop.url;
      const next: (Step & { fresh: boolean }) | undefined = nextStep(hop);
      if (next?.fresh) [initiator, chain] = [hop.url, []];
      step = next;
    }
    return pageOf(hops);
  }

  async function fetchFrom(target: string, fetchOptions: FetchOptions = {}): Promise<Page> {
    const url = new URL(target, options.baseUrl);
    const from = new URL(fetchOptions.from ?? url.origin);
    const method = fetchOptions.method ?? 'GET';
    const context = { sameSite: isSameSite(from, [url]), topLevel: false, safeMethod: SAFE.has(method) };
    const step = {
      url,
      method,
      body: fetchOptions.body,
      headers: fetchOptions.headers ?? {},
      signal: fetchOptions.signal,
    };
    return pageOf([await request(step, context, scriptHeaders(from, step, fetchOptions))]);
  }

  return {
    jar,
    responses,
    location: () => current,
    navigate,
    fetch: fetchFrom,
    cookieHeader: (url) =>
      cookiesFor(new URL(url, options.baseUrl), { sameSite: true, topLevel: false, safeMethod: true }),
    longestCookieHeader: () => longestCookie,
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

function scriptHeaders(from: URL, step: Step, options: FetchOptions): Record<string, string> {
  const dest = options.dest ?? 'empty';
  const crossOrigin = from.origin !== step.url.origin;
  const sendsOrigin = !SAFE.has(step.method) || (crossOrigin && options.mode !== 'no-cors' && dest === 'empty');
  const metadata = {
    'sec-fetch-site': fetchSite(from, [step.url]),
    'sec-fetch-mode': dest === 'iframe' ? 'navigate' : (options.mode ?? (dest === 'empty' ? 'cors' : 'no-cors')),
    'sec-fetch-dest': dest,
  };
  return {
    accept: '*/*',
    ...(sendsOrigin ? { origin: from.origin } : {}),
    ...(isTrustworthy(step.url) ? metadata : {}),
  };
}
