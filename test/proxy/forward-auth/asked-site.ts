/** A gateway that a front proxy asks about a whole site, and requests to its private listener with exactly these headers. */
import { request } from 'node:http';
import type { TestContext } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import type { Browser } from '../../support/browser.ts';
import { freePort } from '../../support/ports.ts';
import { startWorld } from '../../support/world.ts';

type Route = NonNullable<ConfigInput['routes']>[number];
type Headers = Readonly<Record<string, string | string[]>>;

export const PREFIX = '/.auth';

/** A site at `/**`, a part of it without WebSockets, and an API beside it. */
const ROUTES: Route[] = [
  { path: '/quiet/**', upstream: 'none', kind: 'page', websocket: false },
  { path: '/asking/**', upstream: 'none', kind: 'page', crossSiteNavigation: 'confirm' },
  { path: '/strong/**', upstream: 'none', kind: 'page', rules: [{ token: 'user', maxAge: '5m', acr: ['gold'] }] },
  { path: '/api/**', upstream: 'none', websocket: true, allowedOrigins: ['https://listed.example'] },
  {
    path: '/**',
    upstream: 'none',
    kind: 'page',
    upstreamToken: 'none',
    claimHeaders: { 'X-Webauth-User': 'sub' },
  },
];

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** A header; undefined when it is absent. */
  header(name: string): string | undefined;
}

export interface AskedSite {
  /** Origin and host of the site. */
  readonly url: string;
  readonly host: string;
  readonly browser: Browser;
  /** Signs the browser in. */
  signIn(): Promise<void>;
  /** Asks at a path of the private listener, with the session of the browser unless `cookie` is given. */
  ask(path: string, headers: Headers, method?: string): Promise<Answer>;
  /** Asks about a GET as nginx does. */
  about(target: string, headers?: Headers, endpoint?: string): Promise<Answer>;
}

/** Sends a request; `fetch` would add metadata and set Host itself. */
export function sendTo(port: number, path: string, headers: Headers, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      res.on('end', () =>
        resolve({ status: res.statusCode ?? 0, text, header: (name) => res.headers[name]?.toString() }),
      );
    });
    req.on('error', reject).end();
  });
}

/** Starts it, until the test ends. */
export async function startAskedSite(t: TestContext, config: Partial<ConfigInput> = {}): Promise<AskedSite> {
  const port = await freePort();
  const { gateway, browser } = await startWorld(t, {
    routes: () => ROUTES,
    gateway: { config: { endpoints: { prefix: PREFIX }, forwardAuth: { port }, ...config } },
  });
  const ask: AskedSite['ask'] = (path, headers, method) => {
    const cookie = browser.cookieHeader('/');
    return sendTo(port, path, { ...(cookie === '' ? {} : { cookie }), ...headers }, method);
  };
  return {
    url: gateway.url,
    host: new URL(gateway.url).host,
    browser,
    signIn: async () => void (await browser.navigate(`${PREFIX}/login?returnTo=/`)),
    ask,
    about: (target, headers = {}, endpoint = '/auth/verify') =>
      ask(endpoint, { 'x-original-method': 'GET', 'x-original-uri': target, ...headers }),
  };
}

/** Headers of a navigation of a window, started on a site. */
export const navigation = (site = 'none') => ({
  accept: 'text/html',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': site,
});

/** Headers of `fetch` in a page of the site. */
export const script = {
  accept: '*/*',
  'sec-fetch-mode': 'cors',
  'sec-fetch-dest': 'empty',
  'sec-fetch-site': 'same-origin',
};
