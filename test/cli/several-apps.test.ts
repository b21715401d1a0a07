/** `check` and `explain` with several apps. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { loadConfig } from '../../src/config/load/load.ts';
import { KEY, MAIN, SHARED } from '../config/apps/load-apps.ts';

const folder = mkdtempSync(join(tmpdir(), 'bff-apps-'));
after(() => rmSync(folder, { recursive: true }));
const file = join(folder, 'gateway.yaml');
mkdirSync(join(folder, 'apps.d'));
writeFileSync(
  join(folder, 'apps.d', 'wiki.yaml'),
  'publicUrl: https://wiki.example.com\nroutes: [{ path: /api/**, upstream: "http://wiki:1" }]\n',
);

async function cli(text: string, ...argv: string[]) {
  let out = '';
  let err = '';
  writeFileSync(file, text);
  const code = await runCli({
    argv: [...argv, '--config', file],
    env: {},
    readFile: (path) => readFileSync(path, 'utf8'),
    listFiles: () => [],
    out: (more) => {
      out += more;
    },
    err: (more) => {
      err += more;
    },
    fetch: () => assert.fail('sent a request to a gateway'),
    start: async () => {},
  });
  return { code, out, err };
}

/** Options of every type: sizes, durations, lists, several providers, a path, a front end, rules. */
const APPS = `limits: { headerSize: 32kb, sendTimeout: 90s }
session: { cacheSize: 7, idleTimeout: 15m, store: { sqlite: { file: ":memory:" } } }
csrf: { header: X-Mine }
accessTokens: { audience: api, cache: 30s }
apps:
  - id: admin
    publicUrl: https://shop.example.com
    path: /admin
    endpoints: { prefix: /bff }
    routes:
      - { path: /admin/api/**, upstream: "http://a:1", maxBody: 10mb, rules: [{ token: user, maxAge: 1m }] }
  - id: desk
    publicUrl: https://desk.example.com
    allowedHosts: [desk.internal]
    hsts: { maxAge: 1d }
    providers:
      - { id: x, issuer: "https://x.example", clientId: x, clientSecret: canary-x }
      - { id: y, issuer: "https://y.example", clientId: y, clientSecret: canary-y }
    routes: [{ path: /api/**, upstream: "http://d:1" }]
appsFrom: apps.d
`;

describe('check', () => {
  for (const [name, top] of [
    ['with an app at the top', `${MAIN}routes: [{ path: /api/**, upstream: "http://s:1" }]\n`],
    [
      'without an app at the top',
      `${SHARED}provider: { issuer: "https://id.example.com", clientId: web, clientSecret: s3cret }\n`,
    ],
  ] as const)
    test(`prints every app as one file that means the same, ${name}`, async () => {
      const { code, out, err } = await cli(top + APPS, 'check');
      assert.equal(code, 0, err);
      for (const secret of [KEY, 's3cret', 'canary-x', 'canary-y']) assert.ok(!(out + err).includes(secret), secret);
      const read = (text: string, where: string, env = {}) =>
        loadConfig({ file: where, text, env, readFile: (path) => readFileSync(path, 'utf8') }).config;
      const variables = out.match(/MASKED_\w+/g) ?? [];
      const env = Object.fromEntries(variables.map((name) => [name, name.includes('KEYS') ? KEY : '********']));
      const printed = read(out, 'printed.yaml', env);
      const masked = read((top + APPS).replaceAll(/s3cret|canary-./g, '"********"'), file);
      assert.deepEqual(printed, masked);
      assert.match(out, /^# [34] apps, up to [\d,]+ metric series\n/);
    });

  test('says nothing about the number of apps where there is one', async () => {
    const { out } = await cli(MAIN, 'check');
    assert.match(out, /^publicUrl: https:\/\/shop\.example\.com\n/);
    assert.doesNotMatch(out, /^(app|apps):/m);
  });

  test('warns about more than 50,000 metric series, and not about fewer', async () => {
    const apps = (count: number) =>
      Array.from({ length: count }, (_, at) => `  - { id: a${at}, publicUrl: "https://a${at}.example.com" }\n`).join(
        '',
      );
    const many = await cli(`${MAIN}apps:\n${apps(100)}`, 'check');
    assert.match(many.out, /^# 101 apps, up to \d\d,\d{3} metric series\n/);
    assert.match(many.err, /\(metric-series\)/);
    assert.match(many.err, /set admin\.metrics\.detail: app/);
    const perApp = await cli(`${MAIN}admin: { metrics: { detail: app } }\napps:\n${apps(100)}`, 'check');
    assert.doesNotMatch(perApp.err, /metric-series/);
    const few = await cli(`${MAIN}apps:\n${apps(10)}`, 'check');
    assert.doesNotMatch(few.err, /metric-series/);
    assert.match(many.err, /set admin\.metrics\.detail: app/);
    const byApp = await cli(`${MAIN}admin: { metrics: { detail: app } }\napps:\n${apps(100)}`, 'check');
    assert.doesNotMatch(byApp.err, /metric-series/);
  });

  test('AP-11 exits with 1 and tells every fault with file and line', async () => {
    const wrong = `${MAIN}apps:\n  - { id: a, publicUrl: "https://a.example.com", workers: 2 }\n  - { id: a, publicUrl: x }\n`;
    const { code, out, err } = await cli(wrong, 'check');
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /gateway\.yaml:6:\d+: apps\[0\]\.workers: all apps share this option/);
    assert.match(err, /gateway\.yaml:7:\d+: apps\[1\]\.publicUrl: .x. is not a URL/);
    assert.match(err, /gateway\.yaml:7:\d+: apps\[1\]\.id: another app has this id/);
  });
});

describe('explain', () => {
  const WITH_MAIN = `${MAIN}routes: [{ path: /api/**, upstream: "http://s:1" }]\n${APPS}`;
  const WITHOUT = `${SHARED}provider: { issuer: "https://id.example.com", clientId: web, clientSecret: s }\n${APPS}`;
  const explain = (text: string, url: string) => cli(text, 'explain', 'get', url);

  for (const [url, id, upstream] of [
    ['https://desk.example.com/api/x?y=1', 'desk', 'http://d:1'],
    ['https://DESK.example.com:443/api/x', 'desk', 'http://d:1'],
    ['https://desk.internal/api/x', 'desk', 'http://d:1'],
    ['https://wiki.example.com/api/x', 'wiki', 'http://wiki:1'],
    ['https://shop.example.com/api/x', 'main', 'http://s:1'],
    ['https://shop.example.com/admin/api/x', 'admin', 'http://a:1'],
    ['https://shop.example.com/%61dmin/api/x', 'admin', 'http://a:1'],
    ['/admin/api/x', 'admin', 'http://a:1'],
    ['/api/x', 'main', 'http://s:1'],
  ] as const)
    test(`${url} is for ${id}`, async () => {
      const { out, err } = await explain(WITH_MAIN, url);
      assert.equal(err, '');
      assert.match(out, new RegExp(`^app {5}${id}\\nGET /`));
      assert.ok(out.includes(` to ${upstream}`), out);
    });

  test('a path alone needs an app at the top, and a host one that has it', async () => {
    assert.match((await explain(WITHOUT, '/api/x')).err, /several apps: give the whole URL/);
    assert.match(
      (await explain(WITHOUT, 'https://gone.example.com/')).err,
      /no app has the host gone\.example\.com: 421/,
    );
    assert.match(
      (await explain(WITHOUT, 'https://shop.example.com/x')).err,
      /no app of shop\.example\.com has the path \/x/,
    );
  });

  test('a single app is found by its URL as well', async () => {
    const { out } = await explain(
      `${MAIN}routes: [{ path: /api/**, upstream: "http://s:1" }]\n`,
      'https://shop.example.com/api/x',
    );
    assert.match(out, /^GET \/api\/x\n/);
  });
});
