/** Headers and query parameters that a route sets, adds and removes, seen from both sides of the data plane. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { HOP_BY_HOP, ORIGIN_HEADERS } from '../../../src/base/header-names.ts';
import { isFixedResponseHeader } from '../../../src/config/changes/fixed-names.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { classifyResponseHeader } from '../../../src/proxy/headers/response-names.ts';
import { sessionOf, signedIn, startDataPlane } from '../../support/data-plane.ts';
import { fc } from '../../support/properties.ts';
import { configOf } from '../../support/route-fixtures.ts';
import { startUpstream } from '../../support/upstream.ts';

type RouteInput = NonNullable<ConfigInput['routes']>[number];

const jwtOf = (claims: object) => ['e30', Buffer.from(JSON.stringify(claims)).toString('base64url'), 'x'].join('.');

/** Starts a data plane with one route to an upstream that returns `headers`. */
async function start(t: TestContext, route: Partial<RouteInput>, headers: Record<string, string> = {}) {
  const upstream = await startUpstream({
    websocket: true,
    script: (_req, res) => void res.writeHead(200, { ...headers, 'content-length': '2' }).end('ok'),
  });
  const plane = await startDataPlane(configOf([{ upstream: upstream.origin, ...route }]));
  t.after(async () => {
    await plane.close();
    await upstream.close();
  });
  const signIn = (claims: object, tokens: Parameters<typeof sessionOf>[1] = {}) =>
    plane.state.sessions.set('alice', sessionOf('alice', { accessToken: jwtOf(claims), ...tokens }));
  const last = () => upstream.requests.at(-1);
  return { plane, upstream, signIn, last };
}

test('set takes claims, facts of the request and text, and the header of the client never stays', async (t) => {
  const { plane, signIn, last } = await start(t, {
    requestHeaders: {
      set: {
        'X-Tenant': '$(claim.tenant)',
        'X-Name': 'user $(accessToken.name), $(userInfo.nick)',
        'X-Call': '$(request.id) $(request.address) $(route) $(app)',
        'X-Stage': 'live',
      },
    },
  });
  signIn({ tenant: ['a,b', 'c'], name: 'Zoë\r\nX-Admin: 1' }, { userInfo: { nick: 'z' } });
  const headers = { ...signedIn('alice'), 'x-tenant': 'evil', 'X-STAGE': 'test' };
  await plane.call('/api/orders', { headers });
  // UserInfo is in place of the access token where the session has it.
  assert.equal(last()?.header('x-tenant'), undefined);
  assert.equal(last()?.header('x-name'), 'user Zo%C3%AB%0D%0AX-Admin:%201, z');
  assert.match(last()?.header('x-call') ?? '', /^[\w-]{8,} 127\.0\.0\.1 \/api\/\*\* main$/);
  assert.equal(last()?.header('x-stage'), 'live');

  signIn({ tenant: ['a,b', 'c'] });
  await plane.call('/api/orders', { headers });
  assert.equal(last()?.header('x-tenant'), 'a%2Cb,c');
  assert.equal(last()?.header('x-name'), undefined, 'a value that lacks a claim is not sent');
});

test('add keeps the header of the client, remove takes it in any spelling, and a guest has no claims', async (t) => {
  const { plane, last } = await start(t, {
    rules: [{ token: 'none' }],
    requestHeaders: { set: { 'X-Who': '$(claim.sub)' }, add: { 'X-Via': 'shop' }, remove: ['X-Debug', 'User-Agent'] },
  });
  const headers = { 'x-via': 'cdn', 'X-DEBUG': '1', 'user-agent': 'x', 'x-who': 'admin' };
  await plane.call('/api/orders', { headers });
  const sent = last()?.headers.map(([name, value]) => `${name.toLowerCase()}: ${value}`) ?? [];
  assert.ok(sent.includes('x-via: cdn') && sent.includes('x-via: shop'), sent.join('\n'));
  assert.deepEqual(
    sent.filter((line) => /^(x-debug|user-agent|x-who)/.test(line)),
    [],
  );
});

test('a secret is the Authorization of the upstream', async (t) => {
  const secret = 'Basic c2hvcDpwYXNz';
  const { plane, last } = await start(t, {
    upstreamToken: 'none',
    requestHeaders: { set: { Authorization: { secret } } },
  });
  const response = await plane.call('/api/orders', { headers: signedIn('alice') });
  assert.equal(last()?.header('authorization'), secret);
  assert.ok(!JSON.stringify(response).includes(secret));
});

test('response headers change before the rules of the gateway, which hold for them as well', async (t) => {
  const { plane } = await start(
    t,
    {
      responseHeaders: {
        set: { 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'public, max-age=60', 'X-Stage': '$(route)' },
        add: { Vary: 'X-Plan' },
        remove: ['X-Runtime', 'Content-Security-Policy'],
      },
    },
    { 'x-runtime': '12', x_runtime: '12', 'x-stage': 'test', 'content-security-policy': "default-src 'none'" },
  );
  const { headers } = await plane.call('/api/orders', { headers: signedIn('alice') });
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['x-stage'], '/api/**');
  assert.equal(headers['x-runtime'], undefined);
  assert.equal(headers.x_runtime, undefined);
  assert.equal(headers['content-security-policy'], 'sandbox');
  assert.equal(headers['cache-control'], 'private, no-store', 'responses to users stay out of shared caches');
  assert.match(String(headers.vary), /X-Plan.*Cookie/);
});

test('query parameters are set, added and removed for the upstream only', async (t) => {
  const { plane, signIn, last } = await start(t, {
    query: { set: { tenant: '$(claim.tenant)', 'a b': 'x&y=z' }, add: { page: '1' }, remove: ['debug'] },
  });
  signIn({ tenant: 'ä&admin=1#' });
  const headers = signedIn('alice');
  const targetOf = async (query: string) => {
    await plane.call(`/api/orders${query}`, { headers });
    return last()?.target;
  };
  const own = 'tenant=%C3%A4%26admin%3D1%23&a%20b=x%26y%3Dz&page=1';
  assert.equal(await targetOf(''), `/api/orders?${own}`);
  assert.equal(await targetOf('?page=2&q=%2F&&tenant=evil'), `/api/orders?page=2&q=%2F&&${own}`);
  const spellings = [
    'TENANT=1',
    'tenant[]=1',
    '[tenant]=1',
    '%5Btenant%5D[]=1',
    'tenant%5D=1',
    '[]tenant=1',
    'ten%61nt=1',
    'tenant%00x=1',
    'x=1;tenant=2',
    '+tenant=1',
    'a+b=1',
    'debug',
  ];
  assert.equal(await targetOf(`?${spellings.join('&')}`), `/api/orders?${own}`);
  signIn({});
  assert.equal(await targetOf('?tenant=evil'), '/api/orders?a%20b=x%26y%3Dz&page=1');
});

test('a WebSocket handshake has the same headers and query', async (t) => {
  const { plane, upstream } = await start(t, {
    websocket: true,
    rules: [{ token: 'none' }],
    requestHeaders: { set: { 'X-Stage': 'live' } },
    query: { add: { page: '1' } },
  });
  const socket = new WebSocket(`ws://127.0.0.1:${plane.port}/api/live`, {
    headers: { host: 'shop.example.com', origin: 'https://shop.example.com', x_stage: 'test', 'x-stage': 'test' },
  });
  await once(socket, 'open');
  socket.terminate();
  const [handshake] = upstream.upgrades;
  assert.equal(handshake?.header('x-stage'), 'live');
  assert.equal(handshake?.target, '/api/live?page=1');
});

test('no claim breaks out of its header or parameter, and no header of the client under a set name survives', async (t) => {
  const { plane, signIn, last } = await start(t, {
    requestHeaders: { pass: ['X_Tenant'], set: { 'X-Plan': 'a $(accessToken.v) b' }, remove: ['X-Tenant'] },
    query: { set: { v: '$(accessToken.v)' } },
  });
  const separator = fc.constantFrom('-', '_', '.', '~', '!');
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), separator, fc.boolean(), async (v, sign, upper) => {
      signIn({ v });
      const name = `x${sign}plan`;
      const headers = {
        ...signedIn('alice'),
        [upper ? name.toUpperCase() : name]: 'forged',
        [`X${sign}Tenant`]: 'forged',
      };
      await plane.call('/api/orders?v=forged&x=1', { headers });
      const sent = last();
      assert.deepEqual(
        sent?.headers.filter(([, value]) => value.includes('forged')),
        [],
      );
      const [, text = ''] = /^a (.*) b$/.exec(sent?.header('x-plan') ?? '') ?? [];
      assert.match(text, /^[\x21-\x7e]*$/);
      assert.equal(decodeURIComponent(text), v.toWellFormed());
      const query = new URL(sent?.target ?? '', 'http://upstream').searchParams;
      assert.deepEqual([...query.keys()], ['x', 'v']);
      assert.equal(query.get('v'), v.toWellFormed());
    }),
    { numRuns: 60 },
  );
});

test('a header that carries a claim on one route cannot be sent by clients on another one', async (t) => {
  const upstream = await startUpstream();
  const open = { upstream: upstream.origin, rules: [{ token: 'none' as const }] };
  const plane = await startDataPlane(
    configOf([
      { path: '/own/**', ...open, requestHeaders: { set: { 'X-Plan': '$(claim.plan)', 'X-Stage': 'live' } } },
      { path: '/other/**', ...open },
    ]),
  );
  t.after(async () => {
    await plane.close();
    await upstream.close();
  });
  await plane.call('/other/x', { headers: { 'x-plan': 'gold', x_plan: 'gold', 'x-stage': 'test' } });
  const [request] = upstream.requests;
  assert.equal(request?.header('x-plan') ?? request?.header('x_plan'), undefined);
  assert.equal(request?.header('x-stage'), 'test', 'a constant is not reserved on other routes');
});

test('a name that the configuration accepts for responses reaches the client', () => {
  const names = [...HOP_BY_HOP, ...ORIGIN_HEADERS, 'Set-Cookie', 'set_cookie', 'Location', 'Access-Control-Max-Age'];
  names.push('Connection', 'DPoP-Nonce', 'X-Request-Id', 'Server', 'X-Powered-By', 'Alt-Svc', 'Clear-Site-Data');
  names.push('Strict-Transport-Security', 'Cross-Origin-Resource-Policy', 'X-Content-Type-Options', 'Set-Cookie2');
  for (const name of names) assert.ok(isFixedResponseHeader(name, 'set', []), name);
  for (const name of ['Referrer-Policy', 'Cache-Control', 'X-Frame-Options', 'Permissions-Policy', 'Link', 'ETag'])
    assert.ok(!isFixedResponseHeader(name, 'set', []) && classifyResponseHeader(name) !== 'drop', name);
});
