/** Handlers of an application behind a mounted gateway: the session, its access token, and `requireUser`. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import express, { type Express } from 'express';
import { mountGateway } from '../../src/embed/mounted.ts';
import {
  ConfigError,
  type ConfigInput,
  createGateway,
  type Gateway,
  type RequireUserOptions,
  type Session,
} from '../../src/index.ts';
import { createTestGateway, signedInCookie } from '../../src/testing/index.ts';
import { type Browser, createBrowser } from '../support/browser.ts';
import { newKey } from '../support/gateway.ts';
import { freePort } from '../support/ports.ts';
import { type Provider, startProvider } from '../support/provider.ts';
import { CSRF } from '../support/world.ts';

interface Setup {
  provider: Provider;
  gateway: Gateway;
  /** The gateway inside, with the apps in use. */
  active: ReturnType<typeof mountGateway>['active'];
  config: ConfigInput;
  browser: Browser;
  url: string;
  signIn(): Promise<void>;
  /** Moves the clocks of gateway and provider forward. */
  advance(ms: number): void;
}

interface Options {
  config?: Partial<ConfigInput>;
  /** Apps below paths of the public URL, in place of one app. */
  apps?: (url: string) => NonNullable<ConfigInput['apps']>;
}

/** Starts an Express app with these handlers behind the gateway. */
async function start(
  t: TestContext,
  addHandlers: (app: Express, gateway: Gateway) => void,
  { config: changes, apps }: Options = {},
): Promise<Setup> {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const config: ConfigInput = {
    publicUrl: url,
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
    session: { store: { sqlite: { file: ':memory:' } }, cookie: { sameSite: 'lax' } },
    development: { allowInsecureHttp: true },
    limits: { loginsPerMinute: 0 },
    ...changes,
    ...(apps === undefined ? {} : { publicUrl: undefined, apps: apps(url) }),
  };
  let elapsed = 0;
  const clock = () => Date.now() + elapsed;
  const { gateway, active } = mountGateway(config, { logTo: { write: () => {} } }, { clock });
  const app = express();
  app.use(gateway.handler);
  const server = createServer(app);
  const browser = createBrowser({ baseUrl: url });
  t.after(async () => {
    browser.close();
    server.closeAllConnections();
    server.close();
    await gateway.close();
  });
  addHandlers(app, gateway);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await gateway.start();
  return {
    provider,
    gateway,
    active,
    config,
    browser,
    url,
    advance(ms) {
      elapsed += ms;
      provider.settings.clockOffset += ms;
    },
    async signIn() {
      assert.equal((await browser.navigate('/login?returnTo=/start')).url.pathname, '/start');
    },
  };
}

/** Handlers that respond with the user that `requireUser` has let in. */
const guarded =
  (options?: RequireUserOptions) =>
  (app: Express, gateway: Gateway): void => {
    app.all('/own', gateway.requireUser(options), (req, res) => void res.json(req.bff.user));
  };

const problemOf = (page: { status: number; json(): Record<string, unknown> }) => [page.status, page.json().code];

test('session() returns the user without tokens, and undefined without a session', async (t) => {
  const seen: unknown[] = [];
  const { browser, signIn, provider } = await start(t, (app, gateway) => {
    app.get('/me', async (req, res) => {
      const session = await gateway.session(req);
      seen.push(session);
      res.json(session ?? null);
    });
  });
  provider.next.nextUser = { sub: 'ada', claims: { name: 'Ada', tenant: 'a1' } };
  assert.equal((await browser.fetch('/me')).body, 'null');
  await signIn();
  const session = (await browser.fetch('/me')).json();
  const { name, tenant, nonce } = session.claims as Record<string, unknown>;
  assert.deepEqual(
    [session.app, session.provider, session.issuer, session.sub],
    ['main', 'default', provider.issuer, 'ada'],
  );
  assert.deepEqual([name, tenant, nonce], ['Ada', 'a1', undefined]);
  assert.deepEqual(session.scopes, ['openid', 'profile', 'offline_access']);
  assert.deepEqual(session.data, {});
  assert.ok(Date.parse(String(session.expiresAt)) > Date.parse(String(session.createdAt)));
  assert.doesNotMatch(JSON.stringify(session), /eyJ|canary/);
  const { logoutUrl } = (await browser.fetch('/session', { headers: CSRF })).json();
  await browser.navigate(String(logoutUrl));
  assert.equal((await browser.fetch('/me')).body, 'null');
});

test('a cookie that was altered, or sent twice, is no session', async (t) => {
  const { browser, signIn, url } = await start(t, (app, gateway) => {
    app.get('/me', async (req, res) => void res.json((await gateway.session(req))?.sub ?? null));
  });
  await signIn();
  const cookie = browser.cookieHeader('/me');
  const read = async (value: string) => (await fetch(`${url}/me`, { headers: { cookie: value } })).json();
  assert.equal(typeof (await read(cookie)), 'string');
  assert.equal(await read(`${cookie}; ${cookie}`), null);
  assert.equal(await read(cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))), null);
});

test('a page that shows another user gets an error, not the session of the cookie', async (t) => {
  const { browser, signIn } = await start(t, (app) => {
    app.get('/me', async (req, res) => void res.json(await req.bff.session()));
  });
  await signIn();
  const { binding } = (await browser.fetch('/session', { headers: CSRF })).json();
  const read = (value: string) => browser.fetch('/me', { headers: { 'x-bff-session': value } });
  assert.equal((await read(String(binding))).status, 200);
  assert.equal((await read('of-another-session')).status, 409);
});

test('req.bff reads the session once per request, and only when it is used', async (t) => {
  const { browser, signIn } = await start(t, (app) => {
    app.get('/twice', async (req, res) => {
      const descriptor = Object.getOwnPropertyDescriptor(req, 'bff');
      const [first, second] = await Promise.all([req.bff.session(), req.bff.session()]);
      res.json([typeof descriptor?.get, first !== undefined, first === second, req.bff.user ?? null]);
    });
  });
  await signIn();
  assert.deepEqual((await browser.fetch('/twice')).json(), ['function', true, true, null]);
});

test('accessToken() refreshes a token that is due, once for requests at the same time', async (t) => {
  const { browser, signIn, provider, advance } = await start(t, (app, gateway) => {
    app.get('/token', async (req, res) => void res.send((await gateway.accessToken(req)) ?? 'none'));
  });
  assert.equal((await browser.fetch('/token')).body, 'none');
  await signIn();
  const first = (await browser.fetch('/token')).body;
  assert.equal((await browser.fetch('/token')).body, first);
  advance(provider.settings.accessTokenLifetime);
  const before = provider.refreshRequests().length;
  const tokens = await Promise.all([1, 2, 3].map(async () => (await browser.fetch('/token')).body));
  assert.equal(provider.refreshRequests().length, before + 1);
  assert.equal(new Set(tokens).size, 1);
  assert.notEqual(tokens[0], first);
  assert.match(tokens[0] ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
});

test('accessToken() with an audience returns a token in exchange', async (t) => {
  const { browser, signIn } = await start(t, (app) => {
    app.get('/token', async (req, res) => {
      const token = await req.bff.accessToken({ audience: 'https://billing.example' });
      res.send(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString());
    });
  });
  await signIn();
  assert.equal((await browser.fetch('/token')).json().aud, 'https://billing.example');
});

test('an unavailable provider is an error with a status, which Express responds with', async (t) => {
  const { browser, signIn, provider, advance } = await start(t, (app, gateway) => {
    app.get('/token', async (req, res) => void res.send(await gateway.accessToken(req)));
  });
  await signIn();
  advance(provider.settings.accessTokenLifetime);
  await provider.stop();
  assert.equal((await browser.fetch('/token')).status, 503);
});

test('requireUser lets users in, and sends navigations to the sign-in and back', async (t) => {
  const { browser } = await start(t, guarded());
  const refused = await browser.fetch('/own');
  assert.deepEqual(problemOf(refused), [401, 'unauthenticated']);
  assert.match(String(refused.headers['www-authenticate']), /^Bearer/);
  const page = await browser.navigate('/own?x=1');
  assert.deepEqual([page.url.pathname, page.url.search, page.status], ['/own', '?x=1', 200]);
  assert.match(page.hops[0]?.headers.location ?? '', /^\/login\?returnTo=%2Fown%3Fx%3D1$/);
  const user = (await browser.fetch('/own')).json();
  assert.deepEqual(user.scopes, ['openid', 'profile', 'offline_access']);
});

test('below a mount path of Express the user returns to the complete address', async (t) => {
  const { browser } = await start(t, (app, gateway) => {
    const router = express.Router();
    router.get('/page', gateway.requireUser(), (req, res) => void res.send(`at ${req.url} ${req.originalUrl}`));
    app.use('/area', router);
  });
  assert.equal((await browser.navigate('/area/page')).body, 'at /page /area/page');
});

test('redirect: false responds to navigations with 401', async (t) => {
  const { browser } = await start(t, guarded({ redirect: false }));
  assert.equal((await browser.navigate('/own')).status, 401);
});

test('unsafe methods need the CSRF header, and no other site can send them', async (t) => {
  const { browser, signIn, url } = await start(t, guarded());
  await signIn();
  const post = (headers: Record<string, string>, from?: string) =>
    browser.fetch('/own', { method: 'POST', headers, ...(from === undefined ? {} : { from, mode: 'cors' as const }) });
  assert.deepEqual(problemOf(await post({})), [403, 'csrf_header_missing']);
  assert.equal((await post(CSRF)).status, 200);
  const cookie = browser.cookieHeader('/own');
  const foreign = await fetch(`${url}/own`, {
    method: 'POST',
    headers: { ...CSRF, cookie, origin: 'https://other.example' },
  });
  assert.equal(foreign.status, 403);
  assert.equal((await browser.fetch('/own', { method: 'GET' })).status, 200);
});

test('csrf: false lets forms of the own origin in, and none of another site', async (t) => {
  const { browser, signIn, url } = await start(t, guarded({ csrf: false }));
  await signIn();
  const own = await browser.navigate('/own', { method: 'POST', form: { a: '1' }, from: `${url}/form` });
  assert.equal(own.status, 200);
  const cookie = browser.cookieHeader('/own');
  const post = async (headers: Record<string, string>) =>
    (await fetch(`${url}/own`, { method: 'POST', headers: { cookie, ...headers } })).status;
  assert.equal(await post({ origin: 'https://other.example' }), 403);
  assert.equal(await post({ 'sec-fetch-site': 'cross-site' }), 403);
});

test('the conditions are those of rules: scopes, identity and step-up', async (t) => {
  const { browser, signIn, provider } = await start(t, (app, gateway) => {
    const respond = (_req: IncomingMessage, res: express.Response) => void res.json({ ok: true });
    app.get('/profile-scope', gateway.requireUser({ scopes: ['profile'] }), respond);
    app.get('/admin-scope', gateway.requireUser({ scopes: ['admin'] }), respond);
    app.get('/tenant', gateway.requireUser({ identity: { tenant: { equals: 'a1' } } }), respond);
    app.get('/strong', gateway.requireUser({ acr: ['urn:strong'] }), respond);
  });
  provider.next.nextUser = { sub: 'ada', claims: { tenant: 'a1' } };
  await signIn();
  assert.equal((await browser.fetch('/profile-scope')).status, 200);
  assert.deepEqual(problemOf(await browser.fetch('/admin-scope')), [403, 'insufficient_scope']);
  assert.equal((await browser.fetch('/tenant')).status, 200);
  assert.deepEqual(problemOf(await browser.fetch('/strong')), [401, 'step_up_required']);
  provider.next.nextUser = { sub: 'eve', claims: { tenant: 'b2' } };
  await signIn();
  assert.deepEqual(problemOf(await browser.fetch('/tenant')), [403, 'access_denied']);
});

test('options that cannot work are an error at the start, by name', async (t) => {
  const { gateway } = await start(t, () => {});
  const faultsOf = (options: object) => {
    try {
      gateway.requireUser(options);
      return [];
    } catch (error) {
      assert.ok(error instanceof ConfigError);
      return error.faults.map(({ path, message }) => `${path}: ${message}`);
    }
  };
  assert.deepEqual(faultsOf({}), []);
  assert.match(faultsOf({ scope: ['a'] })[0] ?? '', /^requireUser\.scope: unknown option/);
  assert.match(faultsOf({ scopes: 'a' })[0] ?? '', /^requireUser\.scopes/);
  // Claims are those of a validated access token.
  assert.match(faultsOf({ claims: { tenant: { equals: 'a1' } } })[0] ?? '', /^requireUser\.claims: /);
  assert.match(faultsOf({ providers: ['other'] })[0] ?? '', /^requireUser\.providers/);
});

test('with a Strict cookie nothing is redirected, and redirect: true is an error', async (t) => {
  const { browser, gateway } = await start(t, guarded(), {
    config: { session: { store: { sqlite: { file: ':memory:' } } } },
  });
  assert.equal((await browser.navigate('/own')).status, 401);
  assert.throws(
    () => gateway.requireUser({ redirect: true }),
    /requireUser\.redirect: needs session\.cookie\.sameSite: lax/,
  );
});

test('requireUser follows a reload', async (t) => {
  const { browser, signIn, gateway, config } = await start(t, guarded());
  await signIn();
  const post = async () => (await browser.fetch('/own', { method: 'POST', headers: CSRF })).status;
  assert.equal(await post(), 200);
  const { refused } = await gateway.reload({ ...config, csrf: { header: 'X-Other' } });
  assert.deepEqual(refused, []);
  assert.equal(await post(), 403);
});

test('a session that a handler holds over a reload ends with the sign-out', async (t) => {
  const held: Session[] = [];
  const { browser, signIn, gateway, active, config } = await start(t, (app) => {
    app.get('/hold', async (req, res) => {
      const session = await req.bff.session();
      if (session) held.push(session);
      res.end();
    });
  });
  await signIn();
  await browser.fetch('/hold');
  const [replaced] = active.current().apps;
  const closed = Promise.withResolvers<void>();
  const { close } = replaced;
  Object.assign(replaced, { close: () => close().finally(closed.resolve) });
  assert.deepEqual((await gateway.reload({ ...config, csrf: { header: 'X-Other' } })).refused, []);
  await closed.promise;
  const token = await held[0]?.accessToken();
  assert.match(token ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/);
  const { logoutUrl } = (await browser.fetch('/session', { headers: { 'x-other': '1' } })).json();
  await browser.navigate(String(logoutUrl));
  await assert.rejects(async () => held[0]?.accessToken(), { code: 'unauthenticated' });
});

test('behind requireUser, req.bff is that of its gateway, also after the request has passed another one', async (t) => {
  let other: Gateway | undefined;
  const testGateway = await createTestGateway({
    app(gateway) {
      const app = express();
      app.use((req, res, next) => other?.handler(req, res, next));
      app.get('/own', gateway.requireUser(), async (req, res) => {
        res.json([req.bff.user?.sub, (await req.bff.session())?.sub]);
      });
      return app;
    },
  });
  t.after(() => testGateway.close());
  const { url } = testGateway;
  const config: ConfigInput = {
    publicUrl: url,
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: 'http://127.0.0.1:9', clientId: 'other', clientSecret: 'unused' },
    session: { store: { sqlite: { file: ':memory:' } }, cookie: { name: 'other' } },
    development: { allowInsecureHttp: true },
  };
  other = createGateway(config, { logTo: { write: () => {} } });
  t.after(() => other?.close());
  const cookie = await signedInCookie(testGateway, { claims: { sub: 'ada' } });
  const response = await fetch(`${url}/own`, { headers: { cookie } });
  assert.deepEqual(await response.json(), ['ada', 'ada']);
});

test('of several apps below paths, the path of the request decides whose session it is', async (t) => {
  const { browser } = await start(
    t,
    (app, gateway) => {
      app.get(['/shop/me', '/desk/me', '/me'], async (req, res) => {
        const session = await gateway.session(req);
        res.json([session?.app ?? null, session?.sub ?? null]);
      });
      // Only the desk has this provider.
      app.get(['/shop/own', '/desk/own', '/own'], gateway.requireUser({ providers: ['staff'] }), (req, res) => {
        res.json(req.bff.user);
      });
    },
    {
      apps: (url) => [
        { id: 'shop', publicUrl: url, path: '/shop' },
        {
          id: 'desk',
          publicUrl: url,
          path: '/desk',
          providers: [{ id: 'staff', issuer: 'http://127.0.0.1:9', clientId: 'desk', clientSecret: 'unused' }],
        },
      ],
    },
  );
  await browser.navigate('/shop/login');
  const sub = (await browser.fetch('/shop/me')).json() as unknown as [string, string];
  assert.equal(sub[0], 'shop');
  assert.deepEqual((await browser.fetch('/desk/me')).json(), [null, null]);
  assert.deepEqual((await browser.fetch('/me')).json(), [null, null]);
  // An app that does not allow the conditions, and a path of no app, let no request in.
  assert.deepEqual(
    await Promise.all(['/shop/own', '/desk/own', '/own'].map(async (path) => (await browser.fetch(path)).status)),
    [500, 401, 404],
  );
});

test('without Express: session and requireUser work on a plain node:http server', async (t) => {
  const { gateway, browser, signIn, url } = await start(t, () => {});
  await signIn();
  const guard = gateway.requireUser();
  const server = createServer((req, res) =>
    guard(req, res, (error) => {
      if (error !== undefined) res.writeHead(500).end(String(error));
      else void gateway.session(req).then((session) => res.end(session?.sub));
    }),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const { host } = new URL(url);
  const send = async (headers: Record<string, string>) => {
    const { request } = await import('node:http');
    return new Promise<[number | undefined, string]>((resolve, reject) => {
      request({ port, host: '127.0.0.1', path: '/any', headers: { host, ...headers } }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve([response.statusCode, body]));
      })
        .once('error', reject)
        .end();
    });
  };
  assert.equal((await send({}))[0], 401);
  const [status, body] = await send({ cookie: browser.cookieHeader('/') });
  assert.equal(status, 200);
  assert.notEqual(body, '');
});
