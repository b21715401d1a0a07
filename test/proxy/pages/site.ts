/** A site behind the gateway, all of whose addresses are pages, and what a browser sends for them. */
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import type { Browser } from '../../support/browser.ts';
import { startWorld, type World, type WorldOptions } from '../../support/world.ts';

type Route = NonNullable<ConfigInput['routes']>[number];

export const PREFIX = '/.auth';

export interface Site extends World {
  /** Signs the browser in by opening a page of the site. */
  open(path?: string): ReturnType<Browser['navigate']>;
  /** Targets that reached the site. */
  reached(): string[];
}

export interface SiteOptions {
  route?: Partial<Route>;
  /** Routes before the one of the site. */
  first?: (upstream: string) => Route[];
  config?: Partial<ConfigInput>;
  provider?: WorldOptions['provider'];
  gateway?: WorldOptions['gateway'];
}

/** Starts a site at `/**`. */
export async function startSite(t: TestContext, options: SiteOptions = {}): Promise<Site> {
  const world = await startWorld(t, {
    ...(options.provider && { provider: options.provider }),
    routes: (upstream) => [
      ...(options.first?.(upstream) ?? []),
      { path: '/**', upstream, kind: 'page', ...options.route },
    ],
    gateway: { ...options.gateway, config: { endpoints: { prefix: PREFIX }, ...options.config } },
  });
  return {
    ...world,
    open: (path = '/wiki') => world.browser.navigate(path),
    reached: () => world.upstream.requests.map(({ target }) => target),
  };
}

/** Headers of a navigation of a window, started on a site. */
export const navigation = (site = 'none') => ({
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': site,
});

export interface Answer {
  status: number;
  text: string;
  setCookies: readonly string[];
  /** A header; undefined when it is absent. */
  header(name: string): string | undefined;
}

/** Sends a request with exactly these headers, and the cookie of the browser's session if it has one. `fetch` adds metadata of its own. */
export function send(
  site: Site,
  path: string,
  headers: Readonly<Record<string, string>>,
  { method = 'GET', cookie = site.browser.cookieHeader('/') }: { method?: string; cookie?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const all = { ...headers, ...(cookie === '' ? {} : { cookie }) };
    const req = request(site.gateway.url + path, { method, headers: all, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      res.on('end', () =>
        resolve({
          status: res.statusCode ?? 0,
          text,
          setCookies: res.headers['set-cookie'] ?? [],
          header: (name) => res.headers[name]?.toString(),
        }),
      );
    });
    req.on('error', reject).end(method === 'POST' ? 'a=1' : undefined);
  });
}
