/** Sessions of several apps on the private listener and the command line: each names its app, and one app can be selected. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { createLogger } from '../../src/observe/log.ts';
import { openStore } from '../../src/store/open.ts';
import { writeSession } from '../contract/store.ts';
import type { Browser } from '../support/browser.ts';
import { BOB } from '../support/provider-state.ts';
import { startSeveralApps } from '../support/several-apps.ts';
import { CSRF } from '../support/world.ts';

interface Listed {
  id: string;
  app: string;
  sub: string;
}
interface Listing {
  sessions: Listed[];
  cursor?: string;
}

/** The key of a session whose app is in no file: of a gateway that shares the store, or of an app that was removed. */
const UNKNOWN_KEY = `zzzzzzzzzz~${'a'.repeat(43)}`;

/** Alice signed in at three apps, Bob at one of them, and a session of an unknown app. */
async function startAdministered(t: TestContext) {
  const log = createLogger('silent');
  const store = openStore({ sqlite: { file: ':memory:' } }, { log });
  const world = await startSeveralApps(t, { apps: { shop: {}, desk: {} }, gateway: { store } });
  const browsers: Record<string, Browser> = {};
  for (const id of ['main', 'shop', 'desk']) browsers[id] = await world.signInAt(id);
  world.provider.next.nextUser = BOB;
  world.provider.next.nextSid = 'sid-bob';
  browsers.bob = await world.signInAt('shop');
  await store.createTokens(UNKNOWN_KEY, 'tokens', 600_000);
  await writeSession(store, UNKNOWN_KEY, 'session', 600_000);
  const ask = (path: string, method = 'GET') => fetch(world.admin + path, { method, headers: { 'x-bff-admin': '1' } });
  const list = async (query = '') => (await (await ask(`/sessions${query}`)).json()) as Listing;
  return {
    ...world,
    ask,
    list,
    revoke: async (query: string) => Object(await (await ask(`/sessions/revoke?${query}`, 'POST')).json()) as object,
    /** Who is signed in, of the four. */
    async alive() {
      const entries = Object.entries(browsers).map(async ([name, browser]) =>
        (await browser.fetch('/session', { headers: CSRF })).json().authenticated === true ? [name] : [],
      );
      return (await Promise.all(entries)).flat();
    },
    unknownLives: async () => (await store.load(UNKNOWN_KEY)) !== undefined,
  };
}
const pairs = ({ sessions }: Listing) => sessions.map(({ app, sub }) => `${app} ${sub}`).sort();
const ALL = ['desk user-alice', 'main user-alice', 'shop user-alice', 'shop user-bob'];

test('AP-08 sessions of all apps are listed with their app, by page, user and id; ?app= selects one app', async (t) => {
  const { ask, list } = await startAdministered(t);
  const all = await list();
  assert.deepEqual(pairs(all), ALL);
  assert.deepEqual(pairs(await list('?app=shop')), ['shop user-alice', 'shop user-bob']);
  assert.deepEqual(pairs(await list('?app=main')), ['main user-alice']);
  assert.deepEqual(pairs(await list('?user=user-alice')), ALL.slice(0, 3));
  assert.deepEqual(pairs(await list('?user=user-alice&app=desk')), ['desk user-alice']);
  for (const { id, app, sub } of all.sessions) {
    assert.deepEqual(pairs(await list(`?id=${id}`)), [`${app} ${sub}`]);
    assert.deepEqual(pairs(await list(`?id=${id}&app=${app}`)), [`${app} ${sub}`]);
    assert.deepEqual(pairs(await list(`?id=${id}&app=${app === 'desk' ? 'shop' : 'desk'}`)), []);
  }
  for (const app of ['', '&app=shop']) {
    const seen: string[] = [];
    let cursor: string | undefined = '';
    for (let page = 0; page < 9 && cursor !== undefined; page += 1) {
      const next: Listing = await list(`?limit=1${app}${cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`}`);
      seen.push(...pairs(next));
      cursor = next.cursor;
    }
    assert.equal(cursor, undefined);
    assert.deepEqual(seen.sort(), app === '' ? ALL : ALL.slice(2));
  }
  for (const query of ['app=nobody', 'app=', 'app=shop&app=desk', 'app=constructor&user=user-alice']) {
    const refused = await ask(`/sessions?${query}`);
    assert.equal(refused.status, 400, query);
    assert.equal(Object(await refused.json()).detail, 'Set app to one of main, shop, desk.');
  }
});

test('AP-08 sessions of one app are ended by user, id or all, and those of unknown apps are left alone', async (t) => {
  const { list, ask, revoke, alive, unknownLives } = await startAdministered(t);
  assert.equal((await ask('/sessions/revoke?all=true&app=nobody', 'POST')).status, 400);
  assert.deepEqual(await alive(), ['main', 'shop', 'desk', 'bob']);
  assert.deepEqual(await revoke('app=shop&user=user-alice'), { ended: 1 });
  assert.deepEqual(await alive(), ['main', 'desk', 'bob']);
  const [desk] = (await list('?app=desk')).sessions;
  assert.deepEqual(await revoke(`app=shop&id=${desk?.id}`), { ended: 0 });
  assert.deepEqual(await revoke(`id=${desk?.id}`), { ended: 1 });
  assert.deepEqual(await alive(), ['main', 'bob']);
  assert.deepEqual(await revoke(`id=${UNKNOWN_KEY}`), { ended: 0 });
  assert.deepEqual(await revoke('all=true&app=shop'), { ended: 1 });
  assert.deepEqual(await alive(), ['main']);
  assert.deepEqual(await revoke('all=true'), { ended: 1 });
  assert.deepEqual(await alive(), []);
  assert.ok(await unknownLives());
});

test('AP-08 a user is ended at all apps at once', async (t) => {
  const { revoke, alive } = await startAdministered(t);
  assert.deepEqual(await revoke('user=user-alice'), { ended: 3 });
  assert.deepEqual(await alive(), ['bob']);
});

test('AP-08 the command line lists with the app in the last column, and takes --app', async (t) => {
  const { admin, alive } = await startAdministered(t);
  const file = `provider: { issuer: "https://id.example.com", clientId: shop, clientSecret: not-a-real-one }
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
admin: { port: ${new URL(admin).port} }
apps:
  - { id: shop, publicUrl: "https://shop.example.com" }
  - { id: desk, publicUrl: "https://desk.example.com" }
`;
  async function cli(...argv: string[]) {
    const texts = { out: '', err: '' };
    const code = await runCli({
      argv: ['sessions', ...argv, '--config', 'c.yaml'],
      env: {},
      listFiles: () => [],
      readFile: () => file,
      out(text) {
        texts.out += text;
      },
      err(text) {
        texts.err += text;
      },
      fetch,
      start: async () => {},
    });
    return { code, ...texts };
  }
  const lines = (await cli('list')).out.trim().split('\n');
  assert.match(lines[0] ?? '', /\taddress\tapp$/);
  assert.deepEqual(
    lines
      .slice(1)
      .map((line) => line.split('\t').at(-1))
      .sort(),
    ['desk', 'main', 'shop', 'shop'],
  );
  const shop = (await cli('list', '--app', 'shop')).out.trim().split('\n');
  assert.equal(shop.length, 3);
  assert.deepEqual(await cli('revoke', '--app', 'shop', '--user', 'user-bob'), { code: 0, out: '1 ended\n', err: '' });
  assert.deepEqual(await alive(), ['main', 'shop', 'desk']);
  const unknown = await cli('revoke', '--app', 'nobody', '--all');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /Set app to one of main, shop, desk/);
});
