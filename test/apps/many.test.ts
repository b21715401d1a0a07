/** Three hundred apps at one issuer and client: one discovery, one key set, and a heap that is bounded. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { rawRequest } from '../support/raw.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';

const COUNT = 300;
const MAX_HEAP_MIB = 120;
const ids = Array.from({ length: COUNT }, (_, index) => `app${index}`);

test('AP-12 300 apps with 3 routes each start within a bounded heap, share one discovery, and each serves its own host', async (t) => {
  const provider = await startProvider();
  const upstream = await startUpstream();
  t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
  // New objects for each app: the YAML would refer to one that repeats.
  const open = (path: string) => ({ path, upstream: upstream.origin, rules: [{ token: 'none' as const }] });
  const gateway = await startProcess(t, {
    provider,
    // A larger heap ends the process.
    nodeArgs: [`--max-old-space-size=${MAX_HEAP_MIB}`],
    config: {
      trustedProxies: ['127.0.0.1'],
      apps: ids.map((id) => ({
        id,
        publicUrl: `https://${id}.test`,
        routes: [{ path: '/api/**', upstream: upstream.origin }, open('/open/**'), open('/more/**')],
      })),
    },
  });
  const ask = (host: string, path: string) =>
    rawRequest(
      gateway.port,
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n`,
    );
  for (const id of ids) {
    assert.equal((await ask(`${id}.test`, '/open/x')).status, 200, id);
    assert.equal((await ask(`${id}.test`, '/api/x')).status, 401, id);
  }
  assert.equal(provider.requests.discovery.length, 1);
  for (const path of ['/made/up', '/open/up', '/api/made-up']) await ask('app7.test', path);
  await ask('made-up.test', '/open/x');
  const { text } = await scrape(gateway.adminUrl);
  const valuesOf = (label: string) =>
    [...text.matchAll(new RegExp(`\\b${label}="([^"]*)"`, 'g'))].map(([, value]) => value);
  const known = (label: string, values: readonly string[]) =>
    assert.deepEqual(
      valuesOf(label).filter((value = '') => !values.includes(value)),
      [],
      `every ${label} is from the file`,
    );
  // The top of the file is an app as well.
  known('app', ['', 'main', ...ids]);
  known('route', ['', '/api/**', '/open/**', '/more/**', 'frontend', 'none']);
});
