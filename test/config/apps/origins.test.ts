/** FA-05: further origins and shared cookies beside other apps: no app reaches into another one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planReload } from '../../../src/config/load/reload-plan.ts';
import { appsOf } from '../../../src/config/schema/apps.ts';
import { appsIn, faultLines, load, MAIN } from './load-apps.ts';

/** The file with an app at https://shop.example.com: the first entry of `apps` is on line 7. */
const withMain = (...entries: string[]) => `${MAIN}forwardAuth: { port: 9401 }\napps:\n${entries.join('')}`;
const app = (id: string, publicUrl: string, more = '') =>
  `  - { id: ${id}, publicUrl: "${publicUrl}"${more === '' ? '' : `, ${more}`} }\n`;
/** What makes an app share its session between its host and `wiki` of a domain. */
const shared = (domain: string) =>
  `origins: ["https://wiki.${domain}"], session: { cookie: { sharedDomain: ${domain} } }, routes: [{ origin: "https://wiki.${domain}", path: /x/**, upstream: none }]`;

const ROWS: [name: string, text: string, faults: string[]][] = [
  ['domains apart', withMain(app('a', 'https://desk.example.net', shared('example.net'))), []],
  [
    'an origin that is another app',
    withMain(app('a', 'https://desk.tools.net', shared('tools.net')), app('b', 'https://wiki.tools.net')),
    [
      '8 apps[1].publicUrl: wiki.tools.net already leads to the app a',
      '8 apps[1].publicUrl: lies below session.cookie.sharedDomain of the app a: this app would get its sessions',
    ],
  ],
  [
    'a domain above an earlier app',
    withMain(app('a', 'https://desk.example.com', shared('example.com'))),
    [
      '7 apps[0].session.cookie.sharedDomain: lies above shop.example.com of the app main, which would get the sessions of this app',
    ],
  ],
  [
    'a domain above a later app',
    withMain(app('a', 'https://desk.tools.net', shared('tools.net')), app('b', 'https://b.tools.net')),
    ['8 apps[1].publicUrl: lies below session.cookie.sharedDomain of the app a: this app would get its sessions'],
  ],
  [
    'a domain above an alias of a later app',
    withMain(
      app('a', 'https://desk.tools.net', shared('tools.net')),
      app('b', 'https://b.example.org', 'allowedHosts: ["b.tools.net:8443"]'),
    ),
    ['8 apps[1].allowedHosts[0]: lies below session.cookie.sharedDomain of the app a: this app would get its sessions'],
  ],
  [
    'a domain above the origin of another one',
    withMain(
      app('a', 'https://desk.tools.net', shared('tools.net')),
      app('b', 'https://b.x.tools.net', shared('x.tools.net')),
    ),
    ['8 apps[1].publicUrl: lies below session.cookie.sharedDomain of the app a: this app would get its sessions'],
  ],
  [
    'origins of an app with a path',
    withMain(app('a', 'https://shop.example.com', `path: /a, ${shared('example.net')}`)),
    [
      '7 apps[0].origins: an app with a path has the origin of publicUrl only',
      '7 apps[0].routes[0].path: is never reached: requests of this app begin with /a/',
      '7 apps[0].session.cookie.sharedDomain: is no parent of https://shop.example.com: the cookie would not get there',
    ],
  ],
];

for (const [name, text, expected] of ROWS)
  test(`FA-05 ${name}`, () => {
    if (expected.length === 0) return void load(text);
    assert.deepEqual(faultLines(text).sort(), expected.map((line) => `conf/gateway.yaml:${line}`).sort());
  });

test('FA-05 origins are not inherited, and the cookie of an app with a domain has another name', () => {
  const apps = appsIn(
    withMain(app('a', 'https://desk.tools.net', shared('tools.net')), app('b', 'https://b.example.org')),
  );
  assert.deepEqual(
    Object.values(apps).map(({ origins }) => origins),
    [[], ['https://wiki.tools.net'], []],
  );
});

test('FA-05 in a reload, a new app below the domain of a running one waits for a restart', () => {
  const running = load(withMain(app('a', 'https://desk.tools.net', shared('tools.net')))).config;
  const elsewhere = load(withMain(app('a', 'https://desk.tools.net'), app('b', 'https://b.tools.net'))).config;
  const { config, kept } = planReload(running, elsewhere);
  assert.deepEqual(kept, ['apps.a.session.cookie.sharedDomain', 'apps.b']);
  assert.deepEqual(
    appsOf(config).map(({ app: { id } }) => id),
    ['main', 'a'],
  );
});
