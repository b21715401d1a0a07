/** A full disk under the SQLite file: sign-ins fail with 503, existing sessions continue, and no user is signed out. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type GatewayProcess, startProcess } from '../support/process.ts';
import { startProvider } from '../support/provider.ts';
import { scrape } from '../support/scrape.ts';
import { startUpstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

interface Disk {
  readonly folder: string;
  fill(gateway: GatewayProcess): void;
  free(gateway: GatewayProcess): void;
  /** The SQLite error of a write that fails for lack of space. */
  readonly errorPattern: RegExp;
}

const FILE_NAME = 'sessions.db';
const MEBIBYTE = 1024 * 1024;

/** A small file system of its own. */
function smallFileSystem(t: TestContext): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'bff-full-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder], { stdio: 'pipe' });
  t.after(() => {
    execFileSync('umount', ['--lazy', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const filler = join(folder, 'filler');
  return {
    folder,
    errorPattern: /database or disk is full/,
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

/** A process whose files may not grow, as with a quota. */
function fileSizeLimit(t: TestContext): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'bff-quota-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const limit = (gateway: GatewayProcess, size: number | 'unlimited') =>
    execFileSync('prlimit', ['--pid', String(gateway.pid()), `--fsize=${size}:`]);
  return {
    folder,
    errorPattern: /disk I\/O error|database or disk is full/,
    fill: (gateway) => limit(gateway, statSync(join(folder, `${FILE_NAME}-wal`)).size),
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
  'files that may not grow': fileSizeLimit,
  ...(mountIsAllowed() ? { 'a full file system': smallFileSystem } : {}),
};

for (const [name, open] of Object.entries(DISKS)) {
  test(`R12 SE-12 O10 ${name}: a sign-in gets 503 with the reason in the log, sessions are still read, no user is signed out, a sign-out ends its session, and the gateway recovers`, async (t) => {
    const disk = open(t);
    const [provider, upstream] = [await startProvider(), await startUpstream()];
    t.after(() => Promise.all([provider.stop(), upstream.close()]).then(() => undefined));
    const gateway = await startProcess(t, {
      provider,
      config: {
        session: { store: { sqlite: { file: join(disk.folder, FILE_NAME) } } },
        routes: [{ path: '/api/**', upstream: upstream.origin }],
      },
    });
    const [active, refreshing, signingIn] = [gateway.browser(), gateway.browser(), gateway.browser()];
    await active.navigate('/login?returnTo=/app');
    provider.settings.accessTokenLifetime = 1_000;
    await refreshing.navigate('/login?returnTo=/app');
    const signedIn = Date.now();
    provider.settings.accessTokenLifetime = 60_000;
    const api = async (browser: typeof active) => (await browser.fetch('/api/x', { headers: CSRF })).status;
    const state = async (browser: typeof active) =>
      (await browser.fetch('/session', { headers: CSRF })).json().authenticated;
    const page = await signingIn.navigate('/login?returnTo=/app', {
      stopAt: ({ pathname }) => pathname === '/callback',
    });
    await until(() => Date.now() - signedIn > 1_000);

    disk.fill(gateway);
    const refused = await signingIn.navigate(String(page.stoppedAt));
    assert.equal(refused.status, 503);
    assert.match(refused.body, /Application unavailable/);
    assert.deepEqual(
      refused.hops.flatMap(({ setCookies }) => setCookies).filter((cookie) => cookie.startsWith('bff=')),
      [],
    );
    assert.equal(provider.requests.token.length, 2, 'no code was spent');
    await until(() => disk.errorPattern.test(gateway.output()), { timeout: 5_000, what: 'the reason in the log' });
    for (let n = 0; n < 5; n += 1) assert.equal(await api(active), 200);
    assert.equal(await state(active), true);
    assert.equal(await api(refreshing), 503);
    assert.equal(await state(refreshing), true);
    assert.equal(provider.refreshRequests().length, 0, 'no refresh token is spent whose successor could not be stored');
    const readiness = await fetch(`${gateway.adminUrl}/readyz`);
    assert.equal(readiness.status, 503);
    const { reasons } = (await readiness.json()) as { reasons: string[] };
    assert.equal(reasons.length, 1);
    assert.match(reasons[0] ?? '', /^store: the session store refuses writes \(check writes: /);
    assert.equal((await scrape(gateway.adminUrl)).value('bff_part_ready{part="store"}'), 0);
    const cookie = active.cookieHeader('/');
    const withCookie = async () => (await fetch(`${gateway.ownUrl}/api/x`, { headers: { ...CSRF, cookie } })).status;
    assert.equal((await active.fetch('/logout', { method: 'POST', headers: CSRF })).status, 200);
    assert.equal(await withCookie(), 401, 'the sign-out ended the session');
    assert.equal(await api(active), 401);
    assert.equal(await state(refreshing), true, 'other sessions continue');

    disk.free(gateway);
    const completed = await signingIn.navigate(String(page.stoppedAt));
    assert.equal(completed.url.pathname, '/app', `${completed.status} ${completed.body.slice(0, 200)}`);
    assert.equal(await api(signingIn), 200);
    await until(async () => (await api(refreshing)) === 200);
    assert.equal(provider.refreshRequests().length, 1);
    await until(async () => (await fetch(`${gateway.adminUrl}/readyz`)).ok);
    assert.equal(await gateway.terminate(), 0);
    await gateway.start();
    assert.equal(await withCookie(), 401, 'the session was removed when there was space');
    assert.equal(await api(signingIn), 200);
    assert.equal((await signingIn.fetch('/logout', { method: 'POST', headers: CSRF })).status, 200);
    assert.equal(await api(signingIn), 401);
  });
}
