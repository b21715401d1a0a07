/** Faults of `frontend`: one source, and a URL from which no other party can change the page. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';

/** Loads a file whose `frontend` starts at line 5. */
const load = (frontend: string, more = '') =>
  loadConfig({
    file: 'gateway.yaml',
    text: `publicUrl: https://shop.example.com
trustedProxies: [10.0.0.0/8]
secrets: { keys: [{ id: k1, value: ${KEY} }] }
provider: { issuer: https://id.example.com, clientId: shop, clientSecret: s3cret }
frontend:
${frontend}${more}`,
    env: {},
    readFile: () => '',
  });

function faultsOf(frontend: string, more?: string): string[] {
  try {
    load(frontend, more);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
}

const URL_LINE = '  url: https://cdn.example.com/app/index.html\n';

test('a front end has one source', () => {
  for (const other of ['  directory: ./dist\n', '  devServer: http://localhost:5173\n'])
    assert.deepEqual(faultsOf(URL_LINE + other), ['5 frontend: directory, url and devServer exclude each other']);
  assert.deepEqual(faultsOf('  directory: ./dist\n  devServer: http://localhost:5173\n'), [
    '5 frontend: directory, url and devServer exclude each other',
  ]);
});

test('plain HTTP needs a loopback address or development.allowInsecureHttp', () => {
  const fault = /^6 frontend\.url: plain HTTP is allowed only on loopback/;
  for (const url of [
    'http://cdn.example.com/index.html',
    'http://10.0.0.5/index.html',
    'http://minio:9000/a/index.html',
  ])
    assert.match(faultsOf(`  url: ${url}\n`).join(), fault, url);
  for (const url of ['http://localhost:9000/index.html', 'http://127.0.0.1/index.html', 'http://[::1]:9000/'])
    assert.deepEqual(faultsOf(`  url: ${url}\n`), [], url);
  assert.deepEqual(faultsOf('  url: http://minio:9000/index.html\n', 'development: { allowInsecureHttp: true }\n'), []);
});

test('the URL is absolute, without credentials and fragment, and not one of the gateway', () => {
  const rows = {
    '/index.html': '"/index.html" is not a URL; write one such as https://app.example.com',
    'ftp://cdn.example.com/':
      '"ftp://cdn.example.com/" has another scheme than http and https; write a URL such as https://app.example.com',
    'https://a:b@cdn.example.com/':
      '"https://***@cdn.example.com/" contains credentials; write the URL without user and password',
    "'https://cdn.example.com/#x'": '"https://cdn.example.com/#x" has a fragment; write https://cdn.example.com/',
    'cdn.example.com/app': '"cdn.example.com/app" has no scheme; write https://cdn.example.com/app',
  };
  for (const [url, message] of Object.entries(rows))
    assert.deepEqual(faultsOf(`  url: ${url}\n`), [`6 frontend.url: ${message}`], url);
  assert.deepEqual(faultsOf('  url: https://SHOP.example.com:443/cdn/index.html\n'), [
    '6 frontend.url: this is an address of the gateway itself',
  ]);
});

test('refresh and maxSize have limits, and ca belongs to url', () => {
  assert.match(
    faultsOf(`${URL_LINE}  refresh: 100ms\n`).join(),
    /^7 frontend\.refresh: 100ms is out of range; write a duration from 1s/,
  );
  assert.match(faultsOf(`${URL_LINE}  maxSize: big\n`).join(), /^7 frontend\.maxSize: "big" is not a size; write/);
  assert.deepEqual(faultsOf('  directory: ./dist\n  ca: /etc/ca.pem\n'), [
    '7 frontend.ca: has no effect without frontend.url',
  ]);
});

test('by default the page is revalidated every minute and has at most 2 MB', () => {
  const { config, warnings } = load(URL_LINE);
  assert.deepEqual([config.frontend?.refresh, config.frontend?.maxSize], [60_000, 2 * 1024 * 1024]);
  assert.deepEqual(
    warnings.map(({ id }) => id),
    ['secret-in-file'],
  );
});
