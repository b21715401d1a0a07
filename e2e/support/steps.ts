/** Steps of users and applications that the tests share. */
import { request } from 'node:http';
import { within } from '../../test/support/wait.ts';
import type { BrowserContext, Page } from './browser.ts';
import type { World } from './world.ts';

/** Name of the session cookie when the public URL is plain HTTP. */
export const COOKIE = 'bff';

/** What most steps need of a world, so that they serve each app of several as well. */
type Site = Pick<World, 'publicUrl'>;

export interface ApiResponse {
  status: number;
  body: Record<string, unknown>;
}

/** Signs in on Keycloak's page, and waits until the browser is back at `returnTo`. */
export async function signIn(page: Page, world: Site, returnTo = '/', user = 'alice'): Promise<void> {
  await page.goto(`${world.publicUrl}/login?returnTo=${encodeURIComponent(returnTo)}`);
  await submitCredentials(page, user);
  await page.waitForURL(world.publicUrl + returnTo);
}

/** Fills in and submits Keycloak's sign-in form in the page. */
export async function submitCredentials(page: Page, user: string): Promise<void> {
  await page.fill('#username', user);
  await page.fill('#password', `${user}-pw`);
  await page.click('#kc-login');
}

interface RequestOptions {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** Sends a request from the application in the page, with the CSRF header. */
export function apiRequest(page: Page, path: string, init: RequestOptions = {}): Promise<ApiResponse> {
  const response = page.evaluate(
    async ([url, options]) => {
      const response = await fetch(url, { ...options, headers: { 'X-CSRF': '1', ...options.headers } });
      const text = await response.text();
      const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : { text };
      return { status: response.status, body: json };
    },
    [path, init] as const,
  );
  // Playwright has no time limit for an evaluation.
  return within(response, `the response to ${path} in the page`);
}

/** Signs out as the application does, with the logout URL from the session endpoint. */
export async function signOut(page: Page, world: Site): Promise<void> {
  const { body } = await apiRequest(page, '/session');
  await page.goto(new URL(String(body.logoutUrl), world.publicUrl).href);
  await page.waitForURL(`${world.publicUrl}/signed-out`);
}

/** The `Cookie` header that the browser would send to the gateway. */
export async function cookieHeader(context: BrowserContext, world: Site): Promise<string> {
  const cookies = await context.cookies(world.publicUrl);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** Sends a request with a cookie outside the browser, to a specific process if `port` is set; always on a new connection. */
export function requestWithCookie(cookie: string, world: Site, path: string, port?: number): Promise<ApiResponse> {
  const { host, port: publicPort } = new URL(world.publicUrl);
  const headers = { host, cookie, 'x-csrf': '1' };
  return new Promise((resolve, reject) => {
    const req = request({ host: '127.0.0.1', port: port ?? publicPort, path, headers, agent: false }, (res) => {
      let text = '';
      res.setEncoding('utf8');
      res.on('data', (chunk: string) => {
        text += chunk;
      });
      res.on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, body: parse(text) }));
    });
    req.on('error', reject);
    req.end();
  });
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return { text };
  }
}

/**
 * Waits until `check` returns true; fails with `what` after `seconds`. Checks once more after the time limit, because a
 * check can be slow on a busy machine.
 */
export async function until(what: string, check: () => boolean | Promise<boolean>, seconds = 15): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let last = false;
  while (!(await check())) {
    if (last) throw new Error(`not within ${seconds} s: ${what}`);
    last = Date.now() > deadline;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the access token of the last request to the API has expired. */
export async function untilTokenExpired(world: World, path: string): Promise<void> {
  const { exp = 0 } = world.api.lastRequest(path).claims ?? {};
  await until('the access token has expired', () => Date.now() > exp * 1000, 30);
}
