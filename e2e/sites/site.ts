/** A site that nobody here wrote behind the gateway: its process, its route, and what must hold for every such site. */
import assert from 'node:assert/strict';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import type { WebSocket as Handshake } from 'playwright';
import { WebSocket } from 'ws';
import { parse } from 'yaml';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import type { BrowserContext, Page } from '../support/browser.ts';
import { freePort, type LaunchOptions, launch, waitUntilReady } from '../support/processes.ts';
import { sharedServers } from '../support/run.ts';
import { cookieHeader, requestWithCookie, submitCredentials, until } from '../support/steps.ts';
import { startWorld, type World } from '../support/world.ts';

type Route = NonNullable<ConfigInput['routes']>[number];

export const PREFIX = '/oauth2';
const PAGE = join(import.meta.dirname, '../../docs/pages.md');

export interface Site extends World {
  /** Origin of the site itself, which browsers never see. */
  upstream: string;
  /** Folder of the files of the site. */
  folder: string;
}

export interface SiteOptions {
  name: string;
  /** Heading of its section in docs/pages.md, which has its routes. */
  heading: string;
  /** A path of the site that responds with 200 as soon as it runs. */
  readyAt: string;
  /** Prepares the folder of the site, and returns how to start the site on a port of 127.0.0.1. */
  prepare: (folder: string, port: number) => Promise<Omit<LaunchOptions, 'log'>>;
}

/** The routes that the documentation recommends for a site. */
async function documentedRoutes(heading: string): Promise<Route[]> {
  const [, section = ''] = (await readFile(PAGE, 'utf8')).split(`\n### ${heading}\n`);
  const [, yaml = ''] = /^```yaml\n(.*?)^```/ms.exec(section) ?? [];
  return (parse(yaml) as { routes: Route[] }).routes;
}

/** Starts a site, and a gateway on another host name that leads everything to it. */
export async function startSite({ name, heading, readyAt, prepare }: SiteOptions): Promise<Site> {
  const routes = await documentedRoutes(heading);
  const folder = join(sharedServers().folder, `${name}-files`);
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const port = await freePort();
  const upstream = `http://127.0.0.1:${port}`;
  const site = launch({ ...(await prepare(folder, port)), log: join(sharedServers().folder, `${name}.log`) });
  after(() => site.stop());
  const ready = waitUntilReady(name, site, 60, async () => {
    const response = await fetch(upstream + readyAt);
    await response.body?.cancel();
    return response.ok || undefined;
  });
  const starting = startWorld({
    name,
    // Unlike localhost and an address, a name that a site has to be told about.
    host: `${name}.localhost`,
    config: { endpoints: { prefix: PREFIX }, frontend: undefined },
    routes: () => routes.map((route) => ({ ...route, upstream })),
  });
  const [world] = await Promise.all([starting, ready]);
  return { ...world, upstream, folder };
}

/** Opens an address of the site as somebody who is not signed in: through Keycloak's form, and to that very address. */
export async function openSignedOut(page: Page, { publicUrl }: Site, path: string): Promise<void> {
  await page.goto(publicUrl + path);
  await submitCredentials(page, 'alice');
  await page.waitForURL(publicUrl + path);
}

/** Collects the addresses of the site whose responses are errors, but for those that `isExpected` knows. */
export function failuresOf(page: Page, { publicUrl }: Site, isExpected: RegExp): string[] {
  const failures: string[] = [];
  page.on('response', (response) => {
    const path = response.url().slice(publicUrl.length);
    const isOurs = response.url().startsWith(publicUrl);
    if (isOurs && response.status() >= 400 && !isExpected.test(path)) failures.push(`${response.status()} ${path}`);
  });
  return failures;
}

/** The next WebSocket to a path of the site, and the text of all that it receives. */
export async function nextSocket(page: Page, path: RegExp): Promise<{ socket: Handshake; received: string[] }> {
  const received: string[] = [];
  const socket = await page.waitForEvent('websocket', (opened) => {
    if (!path.test(new URL(opened.url()).pathname)) return false;
    opened.on('framereceived', ({ payload }) => received.push(payload.toString()));
    return true;
  });
  return { socket, received };
}

/** A handshake with these headers: `open`, or the status of the refusal. */
function handshake({ publicUrl, gateways }: Site, path: string, headers: Record<string, string>) {
  const { host } = new URL(publicUrl);
  return new Promise<number | 'open'>((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${gateways[0]?.port}${path}`, { headers: { host, ...headers } });
    socket.on('open', () => {
      socket.terminate();
      resolve('open');
    });
    socket.on('unexpected-response', (req, res) => {
      req.destroy();
      resolve(res.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

/** Without a session a script and a WebSocket get 401; with one, a WebSocket of another site gets 403. */
export async function assertClosed(site: Site, context: BrowserContext, data: string, socket: string): Promise<void> {
  assert.equal((await requestWithCookie('', site, data)).status, 401);
  const origin = site.publicUrl;
  assert.equal(await handshake(site, socket, { origin }), 401);
  const cookie = await cookieHeader(context, site);
  assert.equal(await handshake(site, socket, { origin: 'http://evil.example', cookie }), 403);
  assert.equal(await handshake(site, socket, { origin, cookie }), 'open');
}

/** Signs out in another tab: the WebSocket of the page closes, and its next navigation leads to Keycloak's form. */
export async function assertSignOutEnds(
  page: Page,
  context: BrowserContext,
  site: Site,
  { socket, data }: { socket: Handshake; data: string },
): Promise<void> {
  const cookie = await cookieHeader(context, site);
  assert.equal((await requestWithCookie(cookie, site, data)).status, 200);
  assert.equal(socket.isClosed(), false);
  const other = await context.newPage();
  await other.goto(`${site.publicUrl}${PREFIX}/logout`);
  await other.locator('form button').click();
  await other.waitForURL(`${site.publicUrl}${PREFIX}/signed-out`);
  await until('the WebSocket is closed', () => socket.isClosed());
  assert.equal((await requestWithCookie(cookie, site, data)).status, 401);
  await page.reload();
  await page.locator('#kc-login').waitFor();
}
