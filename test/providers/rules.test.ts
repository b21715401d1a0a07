/** Rules by provider, users by the domain of their address, and faults of a configuration with several providers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { ConfigError } from '../../src/config/validate/faults.ts';
import { newKey } from '../support/gateway.ts';
import { CSRF } from '../support/world.ts';
import { sessionOf, signInAt, startTwoProviders } from './support.ts';

test('PV-08 a rule for a provider admits its users alone', async (t) => {
  const { gateway, upstream } = await startTwoProviders(t, {
    routes: (origin) => [
      { path: '/api/admin/**', upstream: origin, rules: [{ token: 'user', providers: ['two'] }] },
      { path: '/api/**', upstream: origin },
    ],
  });
  const [customer, staff] = [gateway.browser(), gateway.browser()];
  await signInAt(customer, 'default');
  await signInAt(staff, 'two');
  const refused = await customer.fetch('/api/admin/x', { headers: CSRF });
  assert.deepEqual([refused.status, refused.json().code, refused.json().reason], [403, 'access_denied', 'provider']);
  assert.equal(upstream.requests.length, 0);
  assert.equal((await staff.fetch('/api/admin/x', { headers: CSRF })).status, 200);
  assert.equal((await customer.fetch('/api/x', { headers: CSRF })).status, 200);
});

test('PV-08 a page for users of another provider says so, and links to the sign-in there', async (t) => {
  const { gateway, upstream } = await startTwoProviders(t, {
    routes: (origin) => [
      { path: '/staff/**', upstream: origin, kind: 'page', rules: [{ token: 'user', providers: ['two'] }] },
      { path: '/**', upstream: origin, kind: 'page' },
    ],
    config: { endpoints: { prefix: '/.auth' } },
  });
  const browser = gateway.browser();
  await browser.navigate('/.auth/login?provider=default&returnTo=/app');
  const { length } = upstream.requests;
  const page = await browser.navigate('/staff/list?x=1');
  assert.deepEqual([page.status, page.hops.length], [403, 1], 'no redirect: it would end the present session');
  assert.match(page.body, /for people who sign in elsewhere/);
  const link = /class="button primary" href="([^"]*)">Sign in there</.exec(page.body)?.[1]?.replaceAll('&amp;', '&');
  assert.equal(upstream.requests.length, length);
  const there = await browser.navigate(String(link), { from: page.url.href });
  assert.deepEqual([there.status, there.url.pathname + there.url.search], [200, '/staff/list?x=1']);
});

test('PV-09 emailDomains admits verified addresses of the domain; trustEmail does not ask for the verification', async (t) => {
  for (const trustEmail of [false, true]) {
    const { gateway, two } = await startTwoProviders(t, { two: { emailDomains: ['staff.example'], trustEmail } });
    const cases: [claims: Record<string, unknown>, admitted: boolean][] = [
      [{ email: 'ann@staff.example', email_verified: true }, true],
      [{ email: 'ann@STAFF.example', email_verified: true }, true],
      [{ email: 'ann@staff.example', email_verified: false }, trustEmail],
      [{ email: 'ann@staff.example', email_verified: 'true' }, trustEmail],
      [{ email: 'ann@staff.example' }, trustEmail],
      [{ email: 'ann@a.staff.example', email_verified: true }, false],
      [{ email: 'ann@staff.example.org', email_verified: true }, false],
      [{ email: 'ann@other.example, ann@staff.example', email_verified: true }, false],
      [{ email: ['ann@staff.example'], email_verified: true }, false],
      [{ email_verified: true }, false],
    ];
    for (const [claims, admitted] of cases) {
      two.clearRequests();
      two.behaviour.idToken = (draft) => {
        const { email: _, email_verified: __, ...others } = draft.claims;
        return { ...draft, claims: { ...others, ...claims } };
      };
      const browser = gateway.browser();
      const page = await browser.navigate('/login?provider=two&returnTo=/app');
      const what = `${JSON.stringify(claims)} ${trustEmail}`;
      assert.equal((await sessionOf(browser)).authenticated, admitted, what);
      if (!admitted) assert.deepEqual([page.status, /This account has no access/.test(page.body)], [403, true], what);
    }
  }
});

const BASE = {
  publicUrl: 'https://app.example.com',
  secrets: { keys: [{ id: 'k1', value: newKey() }] },
  session: { store: { redis: { url: 'redis://redis:6379' } } },
} as const;
const provider = (id: string, change: object = {}) => ({
  id,
  issuer: `https://${id}.example.com`,
  clientId: 'web',
  clientSecret: 'secret',
  ...change,
});

/** The faults of a configuration, each as `path: message`. */
function faultsOf(input: Partial<ConfigInput>): string[] {
  try {
    parseConfig({ ...BASE, secrets: { keys: [...BASE.secrets.keys] }, ...input });
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ path, message }) => `${path}: ${message}`);
  }
}

const route = { path: '/api/**', upstream: 'http://orders:8080' };
for (const [what, input, expected] of [
  ['two providers', { providers: [provider('a'), provider('b')] }, []],
  [
    'one client of two issuers with one claim',
    { providers: [provider('a'), provider('b')], routes: [{ ...route, claimHeaders: { 'X-Subject': '@subject' } }] },
    [],
  ],
  ['neither form', {}, [/^provider: /]],
  ['an empty list', { providers: [] }, [/^provider: /, /^providers: /]],
  ['both forms', { provider: provider('a'), providers: [provider('b')] }, [/^providers: provider is set as well/]],
  [
    'one id twice',
    { providers: [provider('a'), provider('a', { issuer: 'https://b.example.com' })] },
    [/^providers\[1\]\.id: another provider has this id/],
  ],
  [
    'no ids',
    { providers: [provider('a', { id: undefined }), provider('b', { id: undefined })] },
    [/^providers\[1\]\.id: /],
  ],
  [
    'one client twice',
    { providers: [provider('a'), provider('b', { issuer: 'https://a.example.com' })] },
    [/^providers\[1\]\.clientId: another provider has this issuer and clientId/],
  ],
  [
    'two clients of one issuer',
    { providers: [provider('a'), provider('b', { issuer: 'https://a.example.com', clientId: 'other' })] },
    [],
  ],
  [
    'ids that are no path segment',
    { providers: [provider('A'), provider('a/b')] },
    [/^providers\[0\]\.id: /, /^providers\[1\]\.id: /],
  ],
  [
    'a fault of each provider',
    { providers: [provider('a', { scopes: ['email'] }), provider('b', { clientSecret: undefined })] },
    [/^providers\[0\]\.scopes: openid is required/, /^providers\[1\]\.clientSecret: /],
  ],
  [
    'an unknown option of the first',
    { providers: [provider('a', { colour: 'red' }), provider('b')] },
    [/^providers\[0\]\.colour: unknown option/],
  ],
  [
    'a rule for an unknown provider',
    {
      providers: [provider('a'), provider('b')],
      routes: [{ ...route, rules: [{ token: 'user', providers: ['a', 'c'] }] }],
    },
    [/^routes\[0\]\.rules\[0\]\.providers\[1\]: no provider has this id/],
  ],
  [
    'a claim header without the issuer',
    { providers: [provider('a'), provider('b')], routes: [{ ...route, claimHeaders: { 'X-User': 'sub' } }] },
    [/^routes\[0\]\.claimHeaders\.X-User: sub alone names no user/],
  ],
  [
    'claim headers with names that users of two providers may have',
    {
      providers: [provider('a'), provider('b')],
      routes: [
        { ...route, claimHeaders: { 'X-A': 'email', 'X-B': 'preferred_username', 'X-C': 'upn', 'X-D': '@provider' } },
      ],
    },
    [/X-A: email alone/, /X-B: preferred_username alone/, /X-C: upn alone/],
  ],
  [
    'that header for users of one provider',
    {
      providers: [provider('a'), provider('b')],
      routes: [{ ...route, claimHeaders: { 'X-User': 'sub' }, rules: [{ token: 'user', providers: ['a'] }] }],
    },
    [],
  ],
  [
    'a route over the callback of a provider',
    { providers: [provider('a'), provider('b')], routes: [{ ...route, path: '/callback/**' }] },
    [/^routes\[0\]\.path: /],
  ],
  [
    'plain HTTP',
    { providers: [provider('a'), provider('b', { issuer: 'http://b.example.com' })] },
    [/^providers\[1\]\.issuer: the issuer must be https/],
  ],
] as [string, Partial<ConfigInput>, RegExp[]][])
  test(`PV-01 PV-07 the configuration: ${what}`, () => {
    const faults = faultsOf(input);
    assert.equal(faults.length, expected.length, faults.join('\n'));
    for (const [index, pattern] of expected.entries()) assert.match(faults[index] ?? '', pattern);
  });
