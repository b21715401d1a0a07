/** HTTP/2 in Chromium: event streams beyond the six connections of HTTP/1.1, and WebSockets beside them. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { chromium } from 'playwright';
import { freePort } from '../../support/ports.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';
import { startUpstream } from '../../support/upstream.ts';
import { startWorld } from '../../support/world.ts';

const STREAMS = 20;
const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** Opens the event streams, then sends requests while they are open. */
const SCENARIO = `(async () => {
  const first = (source) => new Promise((resolve, reject) => {
    source.onmessage = ({ data }) => resolve(data);
    source.onerror = () => reject(new Error('failed: ' + source.url));
  });
  globalThis.sources = Array.from({ length: ${STREAMS} }, (_, at) => new EventSource('/api/events?' + at));
  const events = await Promise.all(sources.map(first));
  const responses = await Promise.all(Array.from({ length: 10 }, (_, at) => fetch('/api/call?' + at, { headers: { 'X-CSRF': '1' } })));
  const socket = new WebSocket('/socket/echo');
  const echo = first(socket);
  socket.onopen = () => socket.send('over HTTP/1.1');
  return {
    events: events.length,
    statuses: [...new Set(responses.map(({ status }) => status))],
    echo: await echo,
    open: sources.filter(({ readyState }) => readyState === EventSource.OPEN).length,
    protocols: [...new Set(performance.getEntriesByType('resource').map(({ nextHopProtocol }) => nextHopProtocol))],
  };
})()`;

test('20 event streams are open, requests go on beside them, and a WebSocket opens over HTTP/1.1', async (t) => {
  const folder = temporaryFolder(t, 'app');
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>app</title>');
  const port = await freePort();
  const echo = await startUpstream({ websocket: true });
  t.after(() => echo.close());
  const chrome = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  t.after(() => chrome.close());
  const { upstream, gateway } = await startWorld(t, {
    routes: (api) => [
      { path: '/api/**', upstream: api, rules: [{ token: 'none' }] },
      { path: '/socket/**', upstream: echo.origin, websocket: true, rules: [{ token: 'none' }] },
    ],
    gateway: {
      publicUrl: `https://localhost:${port}`,
      config: {
        frontend: { directory: folder },
        listen: {
          host: '127.0.0.1',
          port,
          tls: createCertificate(temporaryFolder(t, 'tls'), 'localhost', ['localhost']),
        },
      },
    },
  });
  upstream.respondWith((req, res) => {
    if (!req.url?.startsWith('/api/events')) return res.end('called');
    res.writeHead(200, { 'content-type': 'text/event-stream' });
    return res.write('data: hello\n\n');
  });
  const page = await (await chrome.newContext({ ignoreHTTPSErrors: true })).newPage();
  await page.goto(`https://localhost:${port}/`);
  const result = await page.evaluate(SCENARIO);
  assert.deepEqual(result, {
    events: STREAMS,
    statuses: [200],
    echo: 'over HTTP/1.1',
    open: STREAMS,
    protocols: ['h2'],
  });
  assert.equal(echo.upgrades.length, 1);
  await page.close();
  await gateway.stop();
});
