/** Static files of the front end: unchanged, with the index page for paths of the app, and nothing else. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { startGateway, type TestGateway } from '../support/gateway.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';

describe('the front end', () => {
  const outside = mkdtempSync(join(tmpdir(), 'bff-frontend-'));
  const directory = join(outside, 'dist');
  let provider: Provider;
  let gateway: TestGateway;
  before(async () => {
    mkdirSync(join(directory, 'assets'), { recursive: true });
    writeFileSync(join(directory, 'index.html'), '<h1>app</h1>');
    writeFileSync(join(directory, 'assets', 'main-Ab3dEf9h.js'), 'export {}');
    writeFileSync(join(directory, 'robots.txt'), 'none');
    writeFileSync(join(directory, '.env'), 'canary');
    writeFileSync(join(outside, 'secret.txt'), 'canary');
    provider = await startProvider();
    gateway = await startGateway({ provider, config: { frontend: { directory } } });
  });
  after(async () => {
    await gateway.stop();
    await provider.stop();
    rmSync(outside, { recursive: true, force: true });
  });
  const get = (path: string, headers: Record<string, string> = { accept: 'text/html' }) =>
    fetch(gateway.url + path, { headers, redirect: 'manual' });

  test('the index page is served for the root and every path that the app routes, and is always revalidated', async () => {
    for (const path of ['/', '/index.html', '/orders/7', '/orders/7?page=2', '/deep/er/address']) {
      const response = await get(path);
      assert.equal(response.status, 200, path);
      assert.equal(await response.text(), '<h1>app</h1>');
      assert.equal(response.headers.get('cache-control'), 'no-cache');
      assert.equal(response.headers.get('set-cookie'), null);
      assert.match(response.headers.get('content-security-policy') ?? '', /default-src 'self'/);
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff');
    }
  });

  test('a file with a content hash in its name is cached as immutable, others are not', async () => {
    const hashed = await get('/assets/main-Ab3dEf9h.js', { accept: '*/*' });
    assert.match(hashed.headers.get('cache-control') ?? '', /immutable/);
    assert.match(hashed.headers.get('content-type') ?? '', /javascript/);
    assert.equal((await get('/robots.txt', { accept: '*/*' })).headers.get('cache-control'), 'no-cache');
  });

  test('anything but a page or a file is not found: missing assets, requests of scripts, other methods', async () => {
    assert.equal((await get('/assets/gone-Ab3dEf9h.js', { accept: '*/*' })).status, 404);
    assert.equal((await get('/missing.png')).status, 404);
    assert.equal((await get('/orders/7', { accept: 'application/json' })).status, 404);
    assert.equal(
      (await fetch(`${gateway.url}/orders/7`, { method: 'POST', headers: { accept: 'text/html' } })).status,
      404,
    );
  });

  test('hidden files and files outside the folder are not served', async () => {
    const { port, host } = new URL(gateway.url);
    for (const path of [
      '/.env',
      '/../secret.txt',
      '/%2e%2e/secret.txt',
      '/assets/../../secret.txt',
      '/..%2fsecret.txt',
      '/assets/..%5c..%5csecret.txt',
    ]) {
      const response = await rawRequest(
        Number(port),
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
      );
      assert.ok(response.status >= 400, `${path}: ${response.status}`);
      assert.ok(!response.text.includes('canary'));
    }
  });

  test('the gateway keeps its own endpoints', async () => {
    assert.equal((await get('/session', { accept: 'application/json' })).status, 200);
    assert.match(await (await get('/signed-out')).text(), /Signed out/);
  });
});

describe('files of the front end by name and place', () => {
  const outside = mkdtempSync(join(tmpdir(), 'bff-frontend-'));
  const directory = join(outside, 'current');
  const release = join(outside, 'release');
  let provider: Provider;
  let gateway: TestGateway;
  before(async () => {
    mkdirSync(join(release, 'data'), { recursive: true });
    symlinkSync(release, directory);
    writeFileSync(join(release, 'index.html'), '<h1>app</h1>');
    writeFileSync(join(release, 'data', 'inside.js'), 'inside');
    writeFileSync(join(outside, 'secret.txt'), 'canary');
    mkdirSync(join(outside, 'private'));
    writeFileSync(join(outside, 'private', 'keys.txt'), 'canary');
    symlinkSync(join(outside, 'secret.txt'), join(release, 'link.txt'));
    symlinkSync('../private', join(release, 'folder'));
    symlinkSync('data/inside.js', join(release, 'alias.js'));
    for (const folder of ['.well-known', '.well-known/.private', '.git', 'data/.well-known'])
      mkdirSync(join(release, folder), { recursive: true });
    for (const name of WELL_KNOWN) writeFileSync(join(release, '.well-known', name), '{}');
    for (const name of HIDDEN) writeFileSync(join(release, name), 'canary');
    mkdirSync(join(release, 'assets'));
    const names = [
      'app-settings.json',
      'firebase-messaging-sw.js',
      'my-component.js',
      'sw-V2Update.js',
      'index-DiwrgTda.js',
    ];
    for (const name of [...names, 'assets/index-DiwrgTda.js', 'assets/app-DBConfig.js', 'main.a1b2c3d4.js'])
      writeFileSync(join(release, name), '0');
    provider = await startProvider();
    gateway = await startGateway({ provider, config: { frontend: { directory } } });
  });
  after(async () => {
    await gateway.stop();
    await provider.stop();
    rmSync(outside, { recursive: true, force: true });
  });
  const WELL_KNOWN = ['assetlinks.json', 'apple-app-site-association', 'security.txt'];
  const HIDDEN = [
    '.env',
    '.git/config',
    '.well-known/.private/key',
    '.well-known/.key',
    'data/.htpasswd',
    'data/.well-known/x',
  ];
  const NAVIGATION = {
    accept: 'text/html,application/xhtml+xml,*/*;q=0.8',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-fetch-site': 'none',
  };
  // Fetch sets its own metadata, so the requests of a browser are written by hand.
  const get = (path: string, headers: Record<string, string> = { accept: '*/*' }) => {
    const { port, host } = new URL(gateway.url);
    const lines = Object.entries({ host, connection: 'close', ...headers }).map(([name, value]) => `${name}: ${value}`);
    return rawRequest(Number(port), `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  };

  test('W02 only a file with a content hash in its name is immutable; others are revalidated', async () => {
    const caching = async (path: string) => (await get(path)).header('cache-control');
    const plain = ['app-settings.json', 'firebase-messaging-sw.js', 'my-component.js', 'sw-V2Update.js', 'alias.js'];
    for (const name of [...plain, 'index-DiwrgTda.js', 'assets/app-DBConfig.js'])
      assert.equal(await caching(`/${name}`), 'no-cache', name);
    for (const name of ['assets/index-DiwrgTda.js', 'main.a1b2c3d4.js'])
      assert.equal(await caching(`/${name}`), 'public, max-age=31536000, immutable', name);
  });

  test('W02 a navigation to a path of the app that ends like a file name gets the index page', async () => {
    for (const path of ['/users/john.doe', '/releases/v1.2.3', '/sites/example.com', '/tags/node.js.org'])
      assert.equal((await get(path, NAVIGATION)).text, '<h1>app</h1>', path);
    const script = { ...NAVIGATION, accept: '*/*', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'script' };
    for (const headers of [script, { accept: '*/*' }, { accept: 'application/json' }])
      assert.equal((await get('/users/john.doe', headers)).status, 404);
    for (const path of ['/missing.png', '/assets/gone-Ab3dEf9h.js', '/gone.css', '/gone.woff2', '/gone.json'])
      assert.equal((await get(path, NAVIGATION)).status, 404, path);
  });

  test('W02 the index page for such a path is served to a prefetch, a frame and older browsers, too', async () => {
    for (const headers of [
      { ...NAVIGATION, 'sec-purpose': 'prefetch' },
      { ...NAVIGATION, 'sec-purpose': 'prefetch;prerender' },
      { accept: NAVIGATION.accept, 'x-moz': 'prefetch' },
      { ...NAVIGATION, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-origin' },
      { ...NAVIGATION, 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' },
    ])
      assert.equal((await get('/users/john.doe', headers)).text, '<h1>app</h1>', JSON.stringify(headers));
    for (const more of [{ 'x-csrf': '1' }, { 'x-requested-with': 'XMLHttpRequest' }])
      assert.equal((await get('/users/john.doe', { accept: 'text/html', ...more })).status, 404);
  });

  test('W02 files of /.well-known/ are served', async () => {
    for (const name of WELL_KNOWN)
      for (const headers of [NAVIGATION, { accept: '*/*' }]) {
        const response = await get(`/.well-known/${name}`, headers);
        assert.deepEqual([response.status, response.text], [200, '{}'], name);
        assert.equal(response.header('cache-control'), 'no-cache');
      }
  });

  test('W02 another path with a name that begins with a dot is 404, with or without a file, for a navigation as well', async () => {
    const missing = [
      '.git',
      '.git/',
      '.aws/credentials',
      '.well-known',
      '.well-known/',
      '.well-known/change-password',
      'a/.b/c',
    ];
    const encoded = [
      '%2eenv',
      '%2Egit/config',
      'data/%2ehtpasswd',
      '.well-known%2f.key',
      '.well-known/..%2f.env',
      '.WELL-KNOWN/x',
    ];
    for (const path of [...HIDDEN, ...missing, ...encoded])
      for (const headers of [NAVIGATION, { accept: 'text/html' }, { accept: '*/*' }]) {
        const response = await get(`/${path}`, headers);
        assert.ok(response.status === 404 || response.status === 400, `${path}: ${response.status}`);
        assert.doesNotMatch(response.text, /canary/);
      }
  });

  test('W02 a symbolic link leads to files of the folder only, and the folder itself may be one', async () => {
    assert.match((await get('/alias.js')).text, /inside$/);
    for (const path of [
      '/link.txt',
      '/folder/keys.txt',

      '/%6cink.txt',
      '/data/../link.txt',
      '/folder%2fkeys.txt',
    ]) {
      const response = await get(path);
      assert.ok(response.status === 404 || response.status === 400, `${path}: ${response.status}`);
      assert.doesNotMatch(response.text, /canary/);
    }
  });
});

describe('index pages that are links or folders', () => {
  const outside = mkdtempSync(join(tmpdir(), 'bff-frontend-'));
  let provider: Provider;
  before(async () => {
    writeFileSync(join(outside, 'secret.html'), 'canary');
    provider = await startProvider();
  });
  after(async () => {
    await provider.stop();
    rmSync(outside, { recursive: true, force: true });
  });
  /** Serves a folder that `fill` fills, and returns the status and the text of its paths. */
  async function serve(name: string, fill: (directory: string) => void, paths: readonly string[]) {
    const directory = join(outside, name);
    for (const folder of ['sub', 'real', 'alias', 'dir/index.html'])
      mkdirSync(join(directory, folder), { recursive: true });
    symlinkSync(join(outside, 'secret.html'), join(directory, 'sub', 'index.html'));
    writeFileSync(join(directory, 'real', 'index.html'), 'real');
    symlinkSync('../real/index.html', join(directory, 'alias', 'index.html'));
    fill(directory);
    const gateway = await startGateway({ provider, config: { frontend: { directory } } });
    try {
      const responses: Record<string, string> = {};
      for (const path of paths) {
        const response = await fetch(gateway.url + path, { headers: { accept: 'text/html' }, redirect: 'manual' });
        const text = await response.text();
        responses[path] = response.status === 200 ? text : String(response.status);
      }
      return responses;
    } finally {
      await gateway.stop();
    }
  }

  test('W02 the index page of a folder is not served through a link that leaves the front end', async () => {
    const paths = [
      '/sub/index.html',
      '/sub/',
      '/sub%2f',
      '/sub%2F',
      '/sub//',
      '/sub',
      '/real/',
      '/alias/',
      '/dir/',
      '/',
    ];
    const responses = await serve('app', (folder) => writeFileSync(join(folder, 'index.html'), 'app'), paths);
    assert.doesNotMatch(Object.values(responses).join(), /canary/);
    assert.equal(responses['/sub/index.html'], '404');
    assert.deepEqual([responses['/real/'], responses['/alias/']], ['real', 'real']);
    assert.deepEqual([responses['/'], responses['/sub'], responses['/dir/']], ['app', 'app', 'app']);
  });

  test('W02 an index page that is a link to outside or a folder is not found, at the root as for the paths of the app', async () => {
    const paths = ['/', '/index.html', '/deep/link'];
    const link = (folder: string) => symlinkSync(join(outside, 'secret.html'), join(folder, 'index.html'));
    const missing = { '/': '404', '/index.html': '404', '/deep/link': '404' };
    assert.deepEqual(await serve('linked', link, paths), missing);
    assert.deepEqual(await serve('folder', (folder) => mkdirSync(join(folder, 'index.html')), paths), missing);
  });
});
