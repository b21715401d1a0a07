/** A disk that is full under the SQLite file: sign-ins wait, sessions that are there go on, and nobody is signed out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

interface Disk {
  readonly folder: string;
  fill(gateway: GatewayProcess): void;
  free(gateway: GatewayProcess): void;
  /** What SQLite says of a write that found no room. */
  readonly says: RegExp;
}

const FILE = 'sessions.db';
const MEBIBYTE = 1024 * 1024;

/** A file system of its own, with room for little. */
function smallDisk(t: TestContext): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'bff-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' });
  t.after(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const filler = join(folder, 'filler');
  return {
    folder,
    says: /database or disk is full/,
    fill() {
      for (let size = 4 * MEBIBYTE; size >= 1; size /= 2) {
        try {
          writeFileSync(filler, Buffer.alloc(size), { flag: 'a' });
        } catch (error) {
          assert.match(String(error), /ENOSPC/);
        }
      }
    },
    free: () => rmSync(filler),
  };
}

/** A process whose files may not grow any more, as by a quota. */
function noGrowth(t: TestContext): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'bff-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const limit = (gateway: GatewayProcess, size: number | 'unlimited') =>
    execFileSync('prlimit', ['--pid', String(gateway.pid()), `--fsize=${size}:`]);
  return {
    folder,
    says: /disk I\/O error|database or disk is full/,
    fill: (gateway) => limit(gateway, statSync(join(folder, `${FILE}-wal`)).size),
    free: (gateway) => limit(gateway, 'unlimited'),
  };
}

function mountIsAllowed(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'bff-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', folder], { stdio: 'pipe' });
    execFileSync('umount', [folder]);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const DISKS: Record<string, (t: TestContext) => Disk> = {
  'files that may not grow': noGrowth,
  ...(mountIsAllowed() ? { 'a full file system': smallDisk } : {}),
};

for (const [name, open] of Object.entries(DISKS)) {
  test(`R12 SE-12 ${name}: a sign-in answers 503 and says why, sessions are read, nothing reads as signed out, and it recovers`, async (t) => {
    const disk = open(t);
    const [provider, upstream] = [await startProvider(), await startUpstream()];
    t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
    const gateway = await startProcess(t, {
      provider,
      config: {
        session: { store: { sqlite: { file: join(disk.folder, FILE) } } },
        routes: [{ path: '/api/**', upstream: upstream.origin }],
      },
    });
    const [reading, renewing, coming] = [gateway.browser(), gateway.browser(), gateway.browser()];
    await reading.navigate('/login?returnTo=/app');
    provider.settings.accessTokenLifetime = 1_000;
    await renewing.navigate('/login?returnTo=/app');
    const signedIn = Date.now();
    provider.settings.accessTokenLifetime = 60_000;
    const api = async (browser: typeof reading) => (await browser.fetch('/api/x', { headers: CSRF })).status;
    const state = async (browser: typeof reading) =>
      (await browser.fetch('/session', { headers: CSRF })).json().authenticated;
    const page = await coming.navigate('/login?returnTo=/app', { stopAt: ({ pathname }) => pathname === '/callback' });
    await until(() => Date.now() - signedIn > 1_000);

    disk.fill(gateway);
    const refused = await coming.navigate(String(page.stoppedAt));
    assert.equal(refused.status, 503);
    assert.match(refused.body, /Session store unavailable/);
    assert.deepEqual(
      refused.hops.flatMap(({ setCookies }) => setCookies).filter((cookie) => cookie.startsWith('bff=')),
      [],
    );
    assert.equal(provider.requests.token.length, 2, 'no code was spent');
    await until(() => disk.says.test(gateway.output()), { timeout: 5_000, what: 'the reason in the log' });
    for (let n = 0; n < 5; n += 1) assert.equal(await api(reading), 200);
    assert.equal(await state(reading), true);
    assert.equal(await api(renewing), 503);
    assert.equal(await state(renewing), true);
    assert.equal(provider.refreshRequests().length, 0, 'no token is spent that could not be stored');
    const leaving = await reading.fetch('/logout', { method: 'POST', headers: CSRF });
    assert.equal(leaving.status, 503);
    assert.equal(await api(reading), 200, 'a sign-out that did not happen does not look like one');

    disk.free(gateway);
    const arrived = await coming.navigate(String(page.stoppedAt));
    assert.equal(arrived.url.pathname, '/app', `${arrived.status} ${arrived.body.slice(0, 200)}`);
    for (const browser of [reading, coming]) assert.equal(await api(browser), 200);
    await until(async () => (await api(renewing)) === 200);
    assert.equal(provider.refreshRequests().length, 1);
    assert.equal((await reading.fetch('/logout', { method: 'POST', headers: CSRF })).status, 200);
    assert.equal(await api(reading), 401);
  });
}
