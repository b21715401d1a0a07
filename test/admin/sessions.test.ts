/** Session administration on the private listener and the command line, for administrators only. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import type { AppSessions } from '../../src/admin/app-sessions.ts';
import { createRevocationJobs } from '../../src/admin/revocation-jobs.ts';
import { createAdminSessions } from '../../src/admin/sessions.ts';
import { tagOf } from '../../src/base/tagged-name.ts';
import { runCli } from '../../src/cli/cli.ts';
import { createLogger } from '../../src/observe/log.ts';
import { ALL_APPS, type Store } from '../../src/store/port/store.ts';
import type { Browser } from '../support/browser.ts';
import { createAgent, send } from '../support/browser-http.ts';
import { freePort } from '../support/ports.ts';
import { BOB } from '../support/provider-state.ts';
import { configOf } from '../support/route-fixtures.ts';
import { gate, until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

const SECRET = 'an administrator knows this secret of 48 characters';
const HEADER = { 'x-bff-admin': '1' };

/** A world with a private listener, Alice signed in twice and Bob once. */
async function startAdministered(t: TestContext, admin: { host?: string; secret?: string } = {}) {
  const port = await freePort();
  const world = await startWorld(t, { gateway: { config: { admin: { enabled: true, port, ...admin } } } });
  const signIn = async () => {
    const browser = world.gateway.browser();
    await browser.navigate('/login?returnTo=/app');
    return browser;
  };
  world.provider.next.nextSid = 'sid-1';
  const alice = [await signIn()];
  world.provider.next.nextSid = 'sid-2';
  alice.push(await signIn());
  world.provider.next.nextUser = BOB;
  world.provider.next.nextSid = 'sid-3';
  const bob = await signIn();
  const base = `http://127.0.0.1:${port}`;
  const ask = async (path: string, method = 'GET', headers: Record<string, string> = HEADER) =>
    await fetch(base + path, { method, headers });
  const everybody = [...alice, bob];
  const alive = () => Promise.all(everybody.map(signedIn));
  return { ...world, port, ask, alive };
}
const signedIn = async (browser: Browser) =>
  (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true;
const json = async (response: Response): Promise<Record<string, unknown>> => ({ ...Object(await response.json()) });
const subs = ({ sessions }: Record<string, unknown>) => (sessions as { sub: string }[]).map(({ sub }) => sub).sort();

test('SE-13 sessions are listed in pages, by user, by sid and by id, without secrets', async (t) => {
  const { ask, provider } = await startAdministered(t);
  const all = await json(await ask('/sessions'));
  assert.deepEqual(subs(all), ['user-alice', 'user-alice', 'user-bob']);
  for (const secret of provider.secrets.keys()) assert.ok(!JSON.stringify(all).includes(secret));
  assert.deepEqual(subs(await json(await ask('/sessions?user=user-alice'))), ['user-alice', 'user-alice']);
  const [bob] = (await json(await ask('/sessions?sid=sid-3'))).sessions as { id: string; sub: string }[];
  assert.equal(bob?.sub, 'user-bob');
  assert.deepEqual(subs(await json(await ask(`/sessions?id=${bob?.id}`))), ['user-bob']);
  assert.deepEqual(subs(await json(await ask('/sessions?user=nobody'))), []);
  const seen: string[] = [];
  for (let cursor = '', pages = 0; pages < 5; pages += 1) {
    const page = await json(await ask(`/sessions?limit=2${cursor}`));
    seen.push(...subs(page));
    if (page.cursor === undefined) break;
    cursor = `&cursor=${encodeURIComponent(String(page.cursor))}`;
  }
  assert.deepEqual(seen.sort(), ['user-alice', 'user-alice', 'user-bob']);
});

describe('SE-13 sessions are ended', () => {
  const rows: [string, boolean[], number][] = [
    ['user=user-alice', [false, false, true], 2],
    ['sid=sid-2', [true, false, true], 1],
    ['all=true', [false, false, false], 3],
    ['user=nobody', [true, true, true], 0],
  ];
  for (const [query, expected, ended] of rows)
    test(`${query}: ${ended}`, async (t) => {
      const { ask, alive, gateway } = await startAdministered(t);
      assert.deepEqual(await json(await ask(`/sessions/revoke?${query}`, 'POST')), { ended });
      assert.deepEqual(await alive(), expected);
      assert.equal(gateway.logText().split('"reason":"administrator"').length - 1, ended);
    });
});

test('an ambiguous query ends no session', async (t) => {
  const { ask, alive } = await startAdministered(t);
  for (const query of ['', '?user=', '?user=user-alice&sid=sid-3', '?user=a&user=b', '?everybody=true'])
    assert.equal((await ask(`/sessions/revoke${query}`, 'POST')).status, 400, query);
  for (const query of ['?limit=0', '?limit=1e9', '?limit=x', '?all=true'])
    assert.equal((await ask(`/sessions${query}`)).status, 400, query);
  assert.equal((await ask('/sessions/revoke?all=true')).status, 404, 'GET changes nothing');
  assert.deepEqual(await alive(), [true, true, true]);
});

describe('access to the session administration', () => {
  const asks = ['GET /sessions', 'POST /sessions/revoke?all=true'] as const;

  test('on loopback: with the header and a loopback Host', async (t) => {
    const { ask, port, alive } = await startAdministered(t);
    for (const asked of asks) {
      const [method = '', path = ''] = asked.split(' ');
      assert.equal((await ask(path, method, {})).status, 403, asked);
      const url = new URL(`http://rebound.example:${port}${path}`);
      const agent = createAgent();
      const response = await send({ url, method, headers: HEADER }, agent, { port });
      agent.destroy();
      assert.equal(response.status, 421, 'a page whose name was bound to loopback');
    }
    assert.deepEqual(await alive(), [true, true, true]);
  });

  test('on loopback in another spelling: with the header', async (t) => {
    const { ask } = await startAdministered(t, { host: '::ffff:127.0.0.1' });
    assert.equal((await ask('/sessions')).status, 200);
    assert.equal((await ask('/sessions', 'GET', {})).status, 403);
  });

  test('on another address: denied without a secret', async (t) => {
    const { ask, alive } = await startAdministered(t, { host: '0.0.0.0' });
    for (const asked of asks) {
      const [method = '', path = ''] = asked.split(' ');
      assert.equal((await ask(path, method)).status, 403, asked);
    }
    assert.deepEqual(await alive(), [true, true, true]);
  });

  test('with a secret: only requests that carry it', async (t) => {
    const { ask, alive } = await startAdministered(t, { host: '0.0.0.0', secret: SECRET });
    for (const authorization of ['', 'Bearer ', 'Bearer wrong', `Basic ${SECRET}`, `Bearer ${SECRET}x`])
      assert.equal((await ask('/sessions', 'GET', { ...HEADER, authorization })).status, 401, authorization);
    assert.equal((await ask('/sessions', 'GET', { authorization: `Bearer ${SECRET}` })).status, 200);
    assert.deepEqual(await alive(), [true, true, true]);
  });

  test('not on the public port', async (t) => {
    const { gateway } = await startAdministered(t);
    const response = await fetch(`${gateway.url}/sessions/revoke?all=true`, { method: 'POST', headers: HEADER });
    assert.equal(response.status, 404);
  });
});

test('the command line lists and ends the sessions of a running gateway', async (t) => {
  const { port, alive } = await startAdministered(t);
  const file = `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: not-a-real-one }
admin: { port: ${port} }
`;
  const cli = async (...argv: string[]) => {
    let said = '';
    const say = (text: string) => {
      said += text;
    };
    const parts = {
      env: {},
      listFiles: () => [],
      readFile: () => file,
      out: say,
      err: say,
      fetch,
      start: async () => {},
    };
    const code = await runCli({ ...parts, argv: ['sessions', ...argv, '--config', 'c.yaml'] });
    return { code, said };
  };
  const listed = await cli('list', '--user', 'user-alice');
  assert.equal(listed.code, 0);
  assert.equal(listed.said.trim().split('\n').length, 3);
  assert.match(listed.said, /\tuser-alice\t\d{4}-/);
  assert.deepEqual(await cli('revoke', '--sid', 'sid-1'), { code: 0, said: '1 ended\n' });
  assert.deepEqual(await alive(), [false, true, true]);
  assert.equal((await cli('revoke')).code, 1);
  assert.deepEqual(await cli('revoke', '--all'), { code: 0, said: '2 ended\n' });
  assert.deepEqual(await alive(), [false, false, false]);
});

test('O11 the command line follows the job of a gateway that has many sessions to end', async () => {
  const reports = [
    { job: 'j1', state: 'running', ended: 100 },
    { job: 'j1', state: 'running', ended: 40_000 },
    { job: 'j1', state: 'done', ended: 50_000 },
  ];
  const requested: string[] = [];
  const texts = { out: '', err: '' };
  const code = await runCli({
    argv: ['sessions', 'revoke', '--all', '--config', 'c.yaml'],
    env: {},
    listFiles: () => [],
    readFile: () => `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: not-a-real-one }
`,
    out: (text) => {
      texts.out += text;
    },
    err: (text) => {
      texts.err += text;
    },
    fetch: async (url, init) => {
      requested.push(`${init?.method} ${new URL(String(url)).pathname}`);
      return Response.json(reports[requested.length - 1], { status: requested.length === 1 ? 202 : 200 });
    },
    start: async () => {},
  });
  assert.equal(code, 0);
  assert.deepEqual(texts, { out: '50000 ended\n', err: '100 ended so far\n40000 ended so far\n' });
  assert.deepEqual(requested, ['POST /sessions/revoke', 'GET /sessions/jobs/j1', 'GET /sessions/jobs/j1']);
});

test('the command line reports that no gateway is running', async () => {
  let said = '';
  const port = await freePort();
  const code = await runCli({
    argv: ['sessions', 'list', '--config', 'c.yaml'],
    env: {},
    listFiles: () => [],
    readFile: () => `publicUrl: https://shop.example.com
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: not-a-real-one }
admin: { port: ${port} }
`,
    out: () => {},
    err: (text) => {
      said += text;
    },
    fetch,
    start: async () => {},
  });
  assert.equal(code, 1);
  assert.match(said, /no gateway responds at http:\/\/127\.0\.0\.1:\d+; is it running\?/);
});

test('AP-08 the job that ends the sessions of one app is not taken for that of another, or of all', async () => {
  const ended: string[] = [];
  const held = gate();
  const appOf = (id: string, tag: string): AppSessions => ({
    app: { id, path: '', tag },
    async *select() {},
    async *withKeys() {
      await held.passed;
      yield [];
    },
    end: async () => ended.push(id) && 1,
    describe: () => assert.fail(),
  });
  const keys = ['key', 'abcdefghij~key'];
  const scan = async (_cursor: unknown, _count: unknown, tag?: string) => ({
    keys: keys.filter((key) => tag === ALL_APPS || tagOf(key) === tag),
    cursor: undefined,
  });
  const admin = createAdminSessions({
    config: configOf(),
    apps: [appOf('main', ''), appOf('b', 'abcdefghij')],
    store: { index: { scan } as Store['index'] },
    audit() {},
  });
  const jobs = createRevocationJobs(createLogger('silent'));
  const headers = { ...HEADER, host: 'localhost', prefer: 'respond-async' };
  const revoke = (query: string) =>
    admin.handle(
      { method: 'POST', url: `/sessions/revoke?all=true${query}`, headers } as unknown as IncomingMessage,
      jobs,
    );
  const responses = await Promise.all(['&app=main', '&app=b', '&app=main', '', ''].map(revoke));
  const [main, other, again, all, allAgain] = responses.map(
    (response) => (Object(response?.body) as { job: string }).job,
  );
  assert.equal(new Set([main, other, all]).size, 3);
  assert.deepEqual([again, allAgain], [main, all]);
  held.open();
  await until(() => ended.length === 4);
  assert.deepEqual(ended.sort(), ['b', 'b', 'main', 'main']);
});
