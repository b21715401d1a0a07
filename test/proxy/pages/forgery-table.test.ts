/** CSRF on pages, from outside: every cell of the table in docs/pages.md, and which requests reach the store and the site. */
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { type TestContext, test } from 'node:test';
import type { Store } from '../../../src/store/port/store.ts';
import { rawRequest } from '../../support/raw.ts';
import { type Site, type SiteOptions, startSite } from './site.ts';

const LISTED = 'https://tools.example.com';
const FOREIGN = 'https://evil.example';

type Headers = Record<string, string>;

interface Cell {
  readonly method: string;
  readonly site: string | undefined;
  /** Mode and destination; undefined without fetch metadata. */
  readonly use: readonly [mode: string, destination: string] | undefined;
  readonly origin: 'own' | 'listed' | 'foreign' | 'null' | undefined;
  readonly more?: Headers;
}

const SITES = ['same-origin', 'none', 'same-site', 'cross-site'] as const;
const ORIGINS = [undefined, 'own', 'listed', 'foreign', 'null'] as const;
/** What browsers send for a window, a service worker that passes a navigation on, frames, plug-ins, resources and scripts. */
const USES = [
  ['navigate', 'document'],
  ['navigate', 'empty'],
  ['navigate', 'iframe'],
  ['navigate', 'frame'],
  ['navigate', 'embed'],
  ['navigate', 'object'],
  ['no-cors', 'image'],
  ['no-cors', 'script'],
  ['no-cors', 'style'],
  ['no-cors', 'empty'],
  ['cors', 'empty'],
  ['same-origin', 'empty'],
] as const;

const SAFE: Cell[] = ['GET', 'HEAD'].flatMap((method) => [
  ...SITES.flatMap((site) => USES.flatMap((use) => ORIGINS.map((origin) => ({ method, site, use, origin })))),
  ...SITES.flatMap((site) =>
    ORIGINS.map((origin) => ({
      method,
      site,
      use: ['navigate', 'document'] as const,
      origin,
      more: { 'sec-purpose': 'prefetch' },
    })),
  ),
  ...ORIGINS.map((origin) => ({ method, site: undefined, use: undefined, origin })),
]);
const UNSAFE: Cell[] = ['POST', 'PUT', 'DELETE', 'PROPFIND'].flatMap((method) =>
  [undefined, ...SITES].flatMap((site) =>
    (site === undefined ? [undefined] : ([USES[0], USES[2], USES[9], USES[10]] as const)).flatMap((use) =>
      ORIGINS.flatMap((origin) => [{}, { 'x-csrf': '1' }].map((more): Cell => ({ method, site, use, origin, more }))),
    ),
  ),
);

/** The table of docs/pages.md: what may reach the site with the session of a user. */
function isAdmitted({ method, site, use, origin, more }: Cell): boolean {
  const isHere = site === 'same-origin' || site === 'none';
  if (origin === 'listed') return true;
  if (method === 'GET' || method === 'HEAD') {
    if (site === undefined) return origin === undefined || origin === 'own';
    const isWindow = use?.[0] === 'navigate' && (use[1] === 'document' || use[1] === 'empty');
    return isHere || (isWindow && more === undefined);
  }
  if (site === 'same-origin') return origin !== 'foreign';
  if (site === 'none') return origin === 'own';
  if (site !== undefined) return false;
  return origin === 'own' || (origin === undefined && more?.['x-csrf'] === '1');
}

function headersOf({ site, use, origin, more }: Cell, own: string): Headers {
  const origins = { own, listed: LISTED, foreign: FOREIGN, null: 'null' };
  return {
    ...(site === undefined ? {} : { 'sec-fetch-site': site }),
    ...(use === undefined ? {} : { 'sec-fetch-mode': use[0], 'sec-fetch-dest': use[1] }),
    ...(origin === undefined ? {} : { origin: origins[origin] }),
    ...more,
  };
}

/** A site behind a gateway without a cache of sessions, and the operations of its store. */
async function startCounted(t: TestContext, options: SiteOptions = {}) {
  const operations: string[] = [];
  const changeStore = (store: Store): Store => ({
    ...store,
    load: (key) => {
      operations.push('load');
      return store.load(key);
    },
    touch: (key, ttl) => {
      operations.push('touch');
      return store.touch(key, ttl);
    },
  });
  const site = await startSite(t, {
    ...options,
    config: { session: { cacheSize: 0 }, cors: { allowedOrigins: [LISTED] } },
    gateway: { changeStore },
  });
  await site.open();
  const agent = new Agent({ keepAlive: true });
  t.after(() => agent.destroy());
  const cookie = site.browser.cookieHeader('/');
  const sendCell = (cell: Cell) =>
    new Promise<number>((resolve, reject) => {
      const headers = { ...headersOf(cell, site.gateway.url), cookie };
      request(`${site.gateway.url}/wiki`, { method: cell.method, headers, agent }, (res) => {
        res.resume().on('end', () => resolve(res.statusCode ?? 0));
      })
        .on('error', reject)
        .end();
    });
  return { site, operations, sendCell };
}

async function checkCells(t: TestContext, cells: readonly Cell[], expected: (cell: Cell) => boolean, route?: object) {
  const { site, operations, sendCell } = await startCounted(t, route ? { route } : {});
  for (const cell of cells) {
    const before = [operations.length, site.reached().length] as const;
    const status = await sendCell(cell);
    const admitted = expected(cell);
    const what = JSON.stringify(cell);
    assert.equal(status, admitted ? 200 : 403, what);
    assert.equal(operations.length > before[0], admitted, `the store: ${what}`);
    assert.equal(site.reached().length - before[1], admitted ? 1 : 0, `the site: ${what}`);
  }
}

test(`PG-03 GET and HEAD, ${SAFE.length} cells: refused requests reach neither the store nor the site`, (t) =>
  checkCells(t, SAFE, isAdmitted));

test(`PG-03 methods that change state, ${UNSAFE.length} cells: refused requests reach neither the store nor the site`, (t) =>
  checkCells(t, UNSAFE, isAdmitted));

test('PG-03 crossSiteNavigation: confirm also stops the windows of other sites', (t) =>
  checkCells(
    t,
    SAFE,
    (cell) => {
      const isForeign = cell.site === 'same-site' || cell.site === 'cross-site';
      return isAdmitted(cell) && !(isForeign && cell.origin !== 'listed');
    },
    { crossSiteNavigation: 'confirm' },
  ));

const handshake = (site: Site, origin: string | undefined, more = '') =>
  rawRequest(
    Number(new URL(site.gateway.url).port),
    `GET /ws HTTP/1.1\r\nHost: ${new URL(site.gateway.url).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n${origin === undefined ? '' : `Origin: ${origin}\r\n`}${more}Cookie: ${site.browser.cookieHeader('/')}\r\n\r\n`,
  );

test('PG-03 a WebSocket handshake needs an Origin of this origin or of allowedOrigins, and no fetch metadata', async (t) => {
  const { site, operations } = await startCounted(t, { route: { allowedOrigins: ['https://chat.example.com'] } });
  const before = operations.length;
  const { length } = site.reached();
  for (const origin of [undefined, 'null', FOREIGN, site.gateway.url.toUpperCase(), `${site.gateway.url}.evil.example`])
    for (const more of ['', 'Sec-Fetch-Site: same-origin\r\nSec-Fetch-Mode: websocket\r\n', 'X-CSRF: 1\r\n'])
      assert.equal((await handshake(site, origin, more)).status, 403, `${origin} ${more}`);
  assert.deepEqual([operations.length, site.reached().length], [before, length]);
  for (const origin of [site.gateway.url, 'https://chat.example.com']) await handshake(site, origin);
  assert.equal(site.reached().length, length + 2);
});
