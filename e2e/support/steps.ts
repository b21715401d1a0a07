/** What a person or an application does in these tests, said once. */
import { request } from 'node:http';
import type { BrowserContext, Page } from './browser.ts';
import type { World } from './world.ts';

/** Name of the session cookie where the public URL is plain HTTP. */
export const COOKIE = 'bff';

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** Signs in by typing into Keycloak's own page, and waits until the browser is back at `returnTo`. */
export async function signIn(page: Page, world: World, returnTo = '/', user = 'alice'): Promise<void> {
  await page.goto(`${world.publicUrl}/login?returnTo=${encodeURIComponent(returnTo)}`);
  await fillIn(page, user);
  await page.waitForURL(world.publicUrl + returnTo);
}

/** Sends Keycloak's form that is open in the page. */
export async function fillIn(page: Page, user: string): Promise<void> {
  await page.fill('#username', user);
  await page.fill('#password', `${user}-pw`);
  await page.click('#kc-login');
}

interface CallInit {
  method?: string;
  headers?: Record<string, string>;
  body?: string;
}

/** A call that the application in the page makes, with the CSRF header. */
export function call(page: Page, path: string, init: CallInit = {}): Promise<Answer> {
  return page.evaluate(
    async ([where, given]) => {
      const answer = await fetch(where, { ...given, headers: { 'X-CSRF': '1', ...given.headers } });
      const text = await answer.text();
      const json = answer.headers.get('content-type')?.includes('json') ? JSON.parse(text) : { text };
      return { status: answer.status, body: json };
    },
    [path, init] as const,
  );
}

/** Signs out as the application does: it follows the link that the session endpoint gave. */
export async function signOut(page: Page, world: World): Promise<void> {
  const { body } = await call(page, '/session');
  await page.goto(new URL(String(body.logoutUrl), world.publicUrl).href);
  await page.waitForURL(`${world.publicUrl}/signed-out`);
}

/** The `Cookie` header that the browser would send to the gateway. */
export async function cookieHeader(context: BrowserContext, world: World): Promise<string> {
  const cookies = await context.cookies(world.publicUrl);
  return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
}

/** A call outside the browser with a cookie, to one certain process if `port` is given; always on a connection of its own. */
export function callWith(cookie: string, world: World, path: string, port?: number): Promise<Answer> {
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
 * Waits until `check` is true, and fails with `what` when that takes more than `seconds`. The last look begins when they
 * are over, since a look takes its time on a busy machine.
 */
export async function until(what: string, check: () => boolean | Promise<boolean>, seconds = 15): Promise<void> {
  const deadline = Date.now() + seconds * 1000;
  let last = false;
  while (!(await check())) {
    if (last) throw new Error(`after ${seconds} s still not: ${what}`);
    last = Date.now() > deadline;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the access token that the API saw last has lapsed by its own `exp`. */
export async function untilLapsed(world: World, path: string): Promise<void> {
  const { exp = 0 } = world.api.last(path).claims ?? {};
  await until('the access token has lapsed', () => Date.now() > exp * 1000, 30);
}
