/** The plugins of docs/plugins.md, as they stand there. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { docSamples } from '../support/doc-sample.ts';
import { startProcess } from '../support/process.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

const folder = mkdtempSync(join(tmpdir(), 'bff-examples-'));
let provider: Provider;
let upstream: Upstream;
before(async () => {
  provider = await startProvider();
  upstream = await startUpstream();
});
after(async () => {
  await upstream?.close();
  await provider?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes the example below a heading to the file that its first line names; returns the path. */
function example(heading: string): string {
  const [text = ''] = docSamples('plugins', heading, {});
  const [, name = ''] = /^\/\/ (\S+)\n/.exec(text) ?? [];
  assert.ok(name, heading);
  const file = join(folder, name.replace(/\.js$/, '.mjs'));
  writeFileSync(file, text);
  return file;
}

test('the first plugin, members and their tenant: a user who is not listed is refused', async (t) => {
  const database = join(folder, 'members.db');
  const members = new DatabaseSync(database);
  members.exec(
    "CREATE TABLE members (email TEXT, tenant TEXT); INSERT INTO members VALUES ('ada@example.com', 'acme')",
  );
  members.close();
  const gateway = await startProcess(t, {
    provider,
    env: { MEMBERS_DB: database },
    config: {
      routes: [{ path: '/api/**', upstream: upstream.origin }],
      identityHeaders: ['X-Tenant'],
      plugins: ['A first plugin', 'Refuse sign-ins that a database does not list', 'Send the tenant to every API'].map(
        example,
      ),
    },
  });
  const browser = gateway.browser();
  const signIn = async (email: string) => {
    provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, email, email_verified: true } });
    return await browser.navigate('/login?returnTo=/app');
  };
  const refused = await signIn('eve@example.com');
  assert.equal(refused.status, 403);
  assert.match(refused.body, /not a member of this application/);
  assert.equal((await signIn('ada@example.com')).url.pathname, '/app');
  const headers = { ...CSRF, 'X-Tenant': 'evil' };
  assert.equal((await browser.fetch('/api/x', { headers })).status, 200);
  assert.equal(upstream.requests.at(-1)?.header('x-tenant'), 'acme');
  const session = (await browser.fetch('/session', { headers: CSRF })).json();
  assert.deepEqual(session.custom, { greeting: `Hello ${session.sub}` });
});

test('audit events reach a collector, in order and all of them', async (t) => {
  const records: Record<string, string>[] = [];
  const collector = createServer(async (req, res) => {
    let body = '';
    for await (const chunk of req) body += chunk;
    assert.equal(req.headers.authorization, 'Bearer collector-token');
    for (const line of body.split('\n')) records.push(JSON.parse(line));
    res.end();
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
  t.after(() => collector.close());
  const { port } = collector.address() as AddressInfo;
  const gateway = await startProcess(t, {
    provider,
    env: { COLLECTOR_URL: `http://127.0.0.1:${port}`, COLLECTOR_TOKEN: 'collector-token' },
    config: { plugins: [example('Ship audit events')] },
  });
  provider.resetBehaviour();
  const browser = gateway.browser();
  await browser.navigate('/login?returnTo=/app');
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await until(() => records.some(({ event }) => event === 'logout.succeeded'), {
    what: 'the sign-out at the collector',
  });
  const order = ['gateway.started', 'login.started', 'login.succeeded', 'logout.succeeded'];
  assert.deepEqual(
    records.map(({ event = '' }) => event).filter((event) => order.includes(event)),
    order,
  );
});
