/** The conformance cases of h2spec, on the public port of a whole gateway. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { freePort } from '../../support/ports.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';
import { startWorld } from '../../support/world.ts';

const H2SPEC = join(import.meta.dirname, '../../../.cache/bin/h2spec');

/**
 * Cases that accept one reaction only, where RFC 9113 allows another. Node ends the connection: an endpoint may do so at any time,
 * and may treat a stream error as a connection error (section 5.4.1).
 */
const STRICTER = [
  '2: Sends a PING frame with ACK',
  '3: Sends multiple WINDOW_UPDATE frames increasing the flow control window to above 2^31-1 on a stream',
];

/** Runs h2spec; resolves with what it printed, whatever its result. */
const run = (port: number) =>
  new Promise<string>((resolve, reject) => {
    const args = [
      '--tls',
      '--insecure',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--path',
      '/api/x',
      '--timeout',
      '10',
    ];
    execFile(H2SPEC, args, { timeout: 120_000, maxBuffer: 10_000_000 }, (error, stdout) => {
      if (stdout === '') reject(error ?? new Error('h2spec printed nothing'));
      else resolve(stdout);
    });
  });

test('h2spec finds no fault', async (t) => {
  const port = await freePort();
  const tls = createCertificate(temporaryFolder(t, 'h2spec'), 'localhost', ['localhost']);
  await startWorld(t, {
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'none' }] }],
    gateway: {
      publicUrl: `https://127.0.0.1:${port}`,
      config: { listen: { host: '127.0.0.1', port, tls } },
    },
  });
  const output = await run(port);
  // Each fault is printed where it occurs, behind its title, and in a list at the end.
  const faults = [...output.matchAll(/× (\d+: [^\n]+)/g)].map(([, title = '']) => title.trim());
  assert.deepEqual([...new Set(faults)].sort(), STRICTER, output.slice(-3_000));
  assert.match(output, /\n145 tests, 143 passed, 0 skipped, 2 failed/);
});
