/** Audit log: a documented line per event, without secrets, independent of the log level. */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createAudit, openAuditLog } from '../../src/observe/audit.ts';
import { AUDIT_EVENTS, type AuditEvent } from '../../src/observe/audit-events.ts';
import { postLogoutToken } from '../support/logout-tokens.ts';
import { freePort } from '../support/ports.ts';
import { oauthError } from '../support/provider-faults.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const hooks = { onDropped: () => {}, onRecovered: () => {}, onError: () => {} };

type Line = Record<string, unknown> & { event: AuditEvent };

function auditFile(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'audit-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'audit.jsonl');
  const auditLog = openAuditLog({ file }, { ...hooks, onError: (error) => assert.fail(String(error)) });
  const text = () => readFileSync(file, 'utf8');
  return {
    file,
    auditLog,
    text,
    lines: () =>
      text()
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Line),
  };
}

/** Checks a line against the documentation. */
function checkLine({ audit, time, event, ...rest }: Line): void {
  assert.equal(audit, true);
  assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.ok(Object.hasOwn(AUDIT_EVENTS, event), `${event} is not documented`);
  const known: readonly string[] = AUDIT_EVENTS[event].fields;
  for (const [field, value] of Object.entries(rest)) {
    assert.ok(known.includes(field), `${event} has the undocumented field ${field}`);
    assert.equal(typeof value, 'string');
  }
}

test('LG-02 the audit file has every event as documented, without secrets', async (t) => {
  const audit = auditFile(t);
  let now = Date.now();
  const gateway = { auditLog: audit.auditLog, clock: () => now, config: { session: { maxPerUser: 1 } } };
  const world = await startWorld(t, { gateway });
  const { provider, browser } = world;
  await world.signIn();
  await world.signIn();
  await browser.fetch('/api/x');
  await browser.fetch('/api/x', { method: 'PURGE', headers: { ...CSRF, origin: 'https://evil.example.test' } });
  now += provider.settings.accessTokenLifetime;
  provider.settings.clockOffset = provider.settings.accessTokenLifetime;
  assert.equal((await world.api()).status, 200);
  provider.behaviour.token = () => oauthError('server_error', 500);
  now += provider.settings.accessTokenLifetime;
  assert.equal((await world.api()).status, 503);
  provider.behaviour.revocation = () => oauthError('server_error', 500);
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await browser.navigate('/login');
  await until(() => audit.text().includes('token.revocation_failed'));
  await world.gateway.stop();
  const lines = audit.lines();
  for (const line of lines) checkLine(line);
  const events = new Set(lines.map(({ event }) => event));
  const expected: AuditEvent[] = [
    'gateway.started',
    'login.started',
    'login.succeeded',
    'session.ended',
    'csrf.denied',
    'token.refreshed',
    'token.refresh_failed',
    'logout.succeeded',
    'token.revocation_failed',
    'login.failed',
    'gateway.stopped',
  ];
  assert.deepEqual(
    expected.filter((event) => !events.has(event)),
    [],
  );
  assert.equal(lines.find(({ event }) => event === 'session.ended')?.reason, 'replaced');
  for (const secret of provider.secrets.keys()) assert.ok(!audit.text().includes(secret));
  assert.doesNotMatch(audit.text(), /canary/);
  assert.ok(!world.gateway.logText().includes('"audit":true'), 'the log must not have the lines as well');
});

test('LG-02 a denied request and a revoked token are audited', async (t) => {
  const audit = auditFile(t);
  const world = await startWorld(t, {
    gateway: { auditLog: audit.auditLog },
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'user', scopes: ['not-granted'] }] }],
  });
  await world.signIn();
  assert.equal((await world.api('/api/secret-path?q=1')).status, 403);
  await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await until(() => audit.text().includes('token.revoked'));
  const lines = audit.lines();
  for (const line of lines) checkLine(line);
  const denied = lines.find(({ event }) => event === 'access.denied');
  assert.equal(denied?.reason, 'insufficient_scope');
  assert.equal(denied?.route, '/api/**');
  assert.equal(denied?.sub, world.provider.next.nextUser.sub);
  assert.doesNotMatch(audit.text(), /secret-path/);
});

test('LG-02 a refused logout token and a refused administration request are audited', async (t) => {
  const audit = auditFile(t);
  const port = await freePort();
  const world = await startWorld(t, { gateway: { auditLog: audit.auditLog, config: { admin: { port } } } });
  assert.equal((await postLogoutToken(world.gateway.url, 'canary.logout.token')).status, 400);
  assert.equal((await fetch(`http://127.0.0.1:${port}/sessions`)).status, 403);
  const lines = audit.lines();
  for (const line of lines) checkLine(line);
  const refused = lines.find(({ event }) => event === 'logout_token.refused');
  assert.equal(refused?.reason, 'logout_token_refused');
  assert.ok(refused?.requestId);
  const denied = lines.find(({ event }) => event === 'admin.denied');
  assert.deepEqual([denied?.clientIp, denied?.reason], ['127.0.0.1', 'access_denied']);
  assert.doesNotMatch(audit.text(), /canary/);
});

test('a rotated file is reopened by its name', (t) => {
  const { file, auditLog, text } = auditFile(t);
  const audit = createAudit(auditLog);
  audit('login.started', { requestId: 'first' });
  renameSync(file, `${file}.1`);
  auditLog.reopen();
  audit('login.started', { requestId: 'second' });
  assert.match(readFileSync(`${file}.1`, 'utf8'), /first/);
  assert.match(text(), /second/);
  assert.doesNotMatch(text(), /first/);
});

test('a file that cannot be opened is an error at once', () => {
  assert.throws(() => openAuditLog({ file: '/nowhere/at/all/audit.jsonl' }, hooks), {
    message:
      'audit.file: /nowhere/at/all/audit.jsonl cannot be created, since its folder does not exist; create the folder, or set another path',
  });
});

test('E19 a new audit file is readable by its owner only; an existing one keeps its mode', (t) => {
  const { file, auditLog } = auditFile(t);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  renameSync(file, `${file}.1`);
  writeFileSync(file, '', { mode: 0o640 });
  chmodSync(file, 0o640);
  auditLog.reopen();
  assert.equal(statSync(file).mode & 0o777, 0o640);
});
