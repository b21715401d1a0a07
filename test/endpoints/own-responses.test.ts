/** What all responses of the gateway's own endpoints have in common, errors included: no caching, no token, no framing. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ERRORS } from '../../src/base/error-table.ts';
import { type BrowserResponse, createAgent, send } from '../support/browser-http.ts';
import { oauthError, status } from '../support/provider-faults.ts';
import { startWorld, type World } from '../support/world.ts';

const NAVIGATE = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
const SCRIPT = { accept: 'application/json', 'x-csrf': '1', 'sec-fetch-site': 'same-origin' };
const FOREIGN = { accept: '*/*', origin: 'https://evil.example', 'sec-fetch-site': 'cross-site', 'x-csrf': '1' };
const PATHS = [
  '/login',
  '/login?prompt=nonsense',
  '/login?returnTo=/a&returnTo=/b',
  '/signed-in',
  '/callback',
  '/callback?state=x&code=y',
  '/callback?state=x&state=y',
  '/callback?error=access_denied&state=x',
  '/logout?sid=guessed',
  '/logout',
  '/logout/continue',
  '/signed-out',
  '/profile',
  '/session',
  '/session/refresh',
  '/nowhere',
  '/api/x?a=1',
  '/x/..%2fprofile',
];

interface RecordedResponse {
  what: string;
  path: string;
  status: number;
  headers: Headers;
  body: string;
}

const agent = createAgent();

describe('responses of the gateway itself', () => {
  let world: World;
  const recorded: RecordedResponse[] = [];
  const cleanups: (() => Promise<void>)[] = [];

  function record(what: string, path: string, { status: code, headers, body }: BrowserResponse): void {
    const pairs = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    recorded.push({ what, path, status: code, headers: new Headers(pairs), body });
  }

  /** Sends every request in every way, with or without a cookie. */
  async function sendAll(cookie: string, who: string): Promise<void> {
    const ways = { navigate: NAVIGATE, script: SCRIPT, foreign: FOREIGN, bare: { accept: 'application/json' } };
    for (const path of PATHS) {
      for (const [way, headers] of Object.entries(ways)) {
        for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
          // A successful sign-out would end the session for the requests after it.
          if (path.startsWith('/logout') && method === 'POST' && way === 'script') continue;
          const url = new URL(path, world.gateway.url);
          const response = await send({ url, method, headers: { ...headers, cookie } }, agent);
          record(`${who}: ${way} ${method} ${path}`, path, response);
        }
      }
    }
  }

  before(async () => {
    world = await startWorld(
      { after: (fn) => void cleanups.push(fn as () => Promise<void>) },
      { gateway: { providerConfig: { userInfo: true } } },
    );
    world.upstream.respondWith((_req, res) => void res.end('{}'));
    await sendAll('', 'nobody');
    await world.signIn();
    await sendAll(world.browser.cookieHeader('/'), 'signed in');
    await sendAll('bff=s%3Aforged.forged', 'forged cookie');
    world.provider.behaviour.token = () => oauthError('invalid_client', 401);
    world.provider.behaviour.revocation = () => status(500);
    const failed = world.gateway.browser();
    await failed.navigate('/login');
    await failed.navigate('/callback?state=x');
    await world.browser.fetch('/logout', { method: 'POST', headers: SCRIPT });
    await world.browser.navigate('/logout/continue');
    for (const hop of [...world.browser.responses, ...failed.responses].filter(
      ({ url }) => url.origin === world.gateway.url,
    ))
      record(`browser ${hop.method} ${hop.url.pathname}`, hop.url.pathname, hop);
  });
  after(async () => {
    agent.destroy();
    for (const cleanup of cleanups) await cleanup();
  });

  const ownOnly = () => recorded.filter(({ path, status: code }) => !(path.startsWith('/api') && code === 200));

  test('the requests covered every status', () => {
    assert.deepEqual(
      [...new Set(recorded.map(({ status: code }) => code))].sort(),
      [200, 303, 400, 401, 403, 404, 405, 502],
    );
    assert.equal(recorded.filter(({ what }) => what === 'signed in: script GET /profile')[0]?.status, 200);
  });

  test('HC-01 no cache may store them', () => {
    for (const { what, headers } of ownOnly()) assert.equal(headers.get('cache-control'), 'no-store', what);
  });

  test('HC-03 Vary names the cookie', () => {
    const dependent = ownOnly().filter(({ path }) => !/^\/(nowhere|x|api|app)/.test(path));
    for (const { what, headers } of dependent) assert.match(headers.get('vary') ?? '', /\bcookie\b/i, what);
  });

  test('HC-04 cannot be sniffed or framed, send no Referer, and run no foreign script', () => {
    for (const { what, headers } of ownOnly()) {
      assert.equal(headers.get('x-content-type-options'), 'nosniff', what);
      assert.equal(headers.get('referrer-policy'), 'no-referrer', what);
      assert.match(headers.get('content-security-policy') ?? '', /default-src 'none'.*frame-ancestors 'none'/, what);
      assert.equal(headers.get('x-powered-by'), null, what);
      assert.ok(headers.get('x-request-id'), what);
    }
  });

  test('HC-06 declare their type and charset', () => {
    for (const { what, headers, body } of ownOnly().filter(({ body }) => body !== '')) {
      const expected = body.startsWith('<')
        ? /^text\/html; charset=utf-8$/
        : /^application\/(problem\+)?json; charset=utf-8$/;
      assert.match(headers.get('content-type') ?? '', expected, what);
    }
  });

  test('SE-11 contain no token, code, state, verifier or secret, only the redirect to the provider and the JSON of /login do', () => {
    const secrets = [...world.provider.secrets.keys()];
    assert.ok(secrets.length > 8);
    for (const { what, headers, body } of recorded) {
      const toProvider = (headers.get('location') ?? '').startsWith(world.provider.issuer);
      const lines = [...headers].filter(([name]) => !(name === 'location' && toProvider)).map(([, value]) => value);
      const text = [body, ...lines].join('\n');
      for (const secret of secrets) assert.ok(!text.includes(secret), `${what} holds ${secret.slice(0, 16)}`);
      if (!what.endsWith('script GET /login')) assert.doesNotMatch(text, /[?&]state=\w/, what);
      assert.doesNotMatch(text, /canary|eyJ[\w-]{10,}\./, what);
    }
  });

  test('LG-03 errors show the text of the table and the correlation id, nothing else', () => {
    const rows = new Map<unknown, { title: string; hint: string }>(Object.entries(ERRORS));
    const problems = recorded.filter(({ headers }) =>
      headers.get('content-type')?.startsWith('application/problem+json'),
    );
    assert.ok(problems.length > 100);
    for (const { what, headers, body } of problems.filter(({ body: text }) => text !== '')) {
      const { code, title, detail, requestId, status: _, type: __, ...rest } = JSON.parse(body);
      assert.equal(title, rows.get(code)?.title, what);
      assert.equal(requestId, headers.get('x-request-id'), what);
      assert.deepEqual(rest, {}, what);
      if (!/^The value of \w+ is not acceptable\.$/.test(detail)) assert.equal(detail, rows.get(code)?.hint, what);
    }
    for (const { what, body } of recorded.filter(({ body: text }) => text.startsWith('<')))
      assert.doesNotMatch(body, /127\.0\.0\.1|invalid_client|the provider (answered|returned)|\n\s+at /, what);
  });

  test('SE-11 /session and /profile return only what a front end may know', async () => {
    const browser = world.gateway.browser();
    world.provider.resetBehaviour();
    await browser.navigate('/login');
    const session = (await browser.fetch('/session', { headers: SCRIPT })).json();
    assert.deepEqual(Object.keys(session).sort(), [
      'acr',
      'authTime',
      'authenticated',
      'binding',
      'createdAt',
      'csrfHeader',
      'expiresAt',
      'idleExpiresAt',
      'loginUrl',
      'logoutUrl',
      'sub',
    ]);
    const profile = (await browser.fetch('/profile', { headers: SCRIPT })).json();
    assert.deepEqual(Object.keys(profile).sort(), [
      'acr',
      'auth_time',
      'email',
      'email_verified',
      'iss',
      'name',
      'preferred_username',
      'sub',
    ]);
    for (const path of ['/session', '/profile']) {
      const bare = await browser.fetch(path);
      assert.equal(bare.status, 403, `${path} without the CSRF header`);
      assert.doesNotMatch(bare.body, /alice/i);
    }
  });
});
