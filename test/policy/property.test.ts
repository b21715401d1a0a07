/** No input opens a route unless a rule for its method and caller holds, checked against an independent oracle. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import type { RouteConfig } from '../../src/config/schema/schema.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import { generic } from '../../src/oidc/products/catalog/generic.ts';
import { readFacts } from '../../src/oidc/products/read-facts.ts';
import { checkCsrf } from '../../src/policy/csrf.ts';
import { type Admission, createAdmit } from '../../src/proxy/admission/admit.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { singleCookie } from '../../src/session/cookies.ts';
import { sessionOf } from '../support/data-plane.ts';
import { route as routeOf } from '../support/edge.ts';
import { fc } from '../support/properties.ts';
import { configOf, contextOf, PUBLIC } from '../support/route-fixtures.ts';

// Parsed once; only the routes vary.
const BASE = configOf([{ audience: 'api' }], { accessTokens: { audience: 'api' } });
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
const TOKENS = ['none', 'user', 'client', 'user-or-client', 'user-or-none'] as const;
const SCOPES = ['a', 'b', 'c'] as const;

const rule = fc.record(
  {
    methods: fc.uniqueArray(fc.constantFrom(...METHODS), { minLength: 1, maxLength: 4 }),
    token: fc.constantFrom(...TOKENS),
    scopes: fc.array(fc.constantFrom(...SCOPES), { minLength: 1, maxLength: 2 }),
    claims: fc.constantFrom({ level: { equals: 1 } }, { level: { anyOf: [1, 2] } }),
  },
  { requiredKeys: ['token'] },
);
const route = fc.record({
  path: fc.constantFrom('/api/**', '/api/a/**', '/api/*', '/b', '/**'),
  rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
});

/** The caller and its credentials. */
const caller = fc.oneof(
  fc.constant({ kind: 'anonymous' as const }),
  fc.record({ kind: fc.constant('session' as const), scope: fc.subarray([...SCOPES]) }),
  fc.record({
    kind: fc.constantFrom('user' as const, 'client' as const, 'unknown' as const, 'invalid' as const),
    scope: fc.subarray([...SCOPES]),
    level: fc.constantFrom<unknown>(1, 2, '1', [1], undefined),
    audience: fc.constantFrom<unknown>('api', 'other', ['x', 'api'], undefined),
  }),
);
type Caller = ReturnType<typeof caller.generate>['value'];

const header = fc.tuple(
  fc.constantFrom(
    'X-Forwarded-Uri',
    'X-Original-Method',
    'X-HTTP-Method-Override',
    'X-User',
    'User-Agent',
    'X-Forwarded-User',
    'Accept',
  ),
  fc.constantFrom('/b', 'GET', 'admin', 'kube-probe/1', 'text/html'),
);
const request = fc.record({
  method: fc.constantFrom(...METHODS, 'get', 'PROPFIND', 'TRACE', 'QUERY'),
  path: fc.constantFrom(
    '/api/x',
    '/api/a',
    '/api/a/b',
    '/b',
    '/c',
    '/api',
    '/API/x',
    '/api/a%2Fb',
    '/api//x',
    '/api/a;x=1',
  ),
  csrf: fc.boolean(),
  headers: fc.array(header, { maxLength: 3 }),
});

const claimsOf = (who: Extract<Caller, { audience: unknown }>) => ({
  ...(who.kind === 'unknown' ? {} : { client_id: who.kind === 'client' ? 'u' : 'web' }),
  sub: 'u',
  scope: who.scope.join(' '),
  level: who.level,
  aud: who.audience,
});

/** Written from the documentation of the rules, not from their code. */
function oracle(
  rules: readonly {
    methods?: readonly string[] | undefined;
    token: string;
    scopes?: readonly unknown[] | undefined;
    claims?: object | undefined;
  }[],
  method: string,
  who: Caller,
): boolean {
  const named = rules.filter(({ methods }) => methods === undefined || methods.includes(method));
  if (named[0]?.token === 'none') return true;
  const kind = who.kind === 'session' ? 'user' : who.kind;
  if (kind === 'invalid') return false;
  if ('audience' in who && ![who.audience].flat().includes('api')) return false;
  const about: Record<string, string[]> = {
    none: ['anonymous', 'user', 'client', 'unknown'],
    user: ['user'],
    client: ['client'],
    'user-or-client': ['user', 'client'],
    'user-or-none': ['user', 'anonymous'],
  };
  const first = named.find(({ token }) => about[token]?.includes(kind));
  if (!first) return false;
  if (who.kind === 'anonymous') return true;
  if (!(first.scopes ?? []).every((scope) => who.scope.some((had) => had === scope))) return false;
  if (first.claims === undefined) return true;
  const level = 'level' in who ? who.level : undefined;
  return 'anyOf' in Object(Reflect.get(first.claims, 'level'))
    ? [level].flat().some((one) => one === 1 || one === 2)
    : level === 1;
}

async function admitted(
  routes: ReturnType<typeof route.generate>['value'][],
  asked: ReturnType<typeof request.generate>['value'],
  who: Caller,
) {
  const config = {
    ...BASE,
    routes: routes.map((changes) => routeOf('http://orders:8080', changes as Partial<RouteConfig>)),
  };
  const source = { product: generic, subjects: 'both', rolesClaim: undefined } as const;
  const session = sessionOf('alice', { scope: who.kind === 'session' ? who.scope.join(' ') : '' });
  const admit = createAdmit({
    config,
    keyring: createKeyring([{ id: 'k1', value: 'x'.repeat(48) }], 'test'),
    sessions: {
      identify: (cookie) => singleCookie(cookie, '__Host-bff'),
      getCached: () => undefined,
      load: async () => session,
      touch: () => {},
    },
    ensureUsable: async () => ({ kind: 'active', session }),
    tokens: {
      async read() {
        if (!('audience' in who) || who.kind === 'invalid') throw new GatewayError('invalid_token');
        return readFacts(source, 'https://id.example.com', claimsOf(who));
      },
      readSessionToken: async () => ({
        ...readFacts(source, 'https://id.example.com', { aud: 'api', scope: session.tokens.scope }),
        subject: 'user',
      }),
      checkSessionToken: () => assert.fail('no sign-in here'),
    },
    checkProof: async () => {},
    audit: () => {},
    clock: () => 0,
  });
  const credentials: [string, string][] =
    who.kind === 'anonymous'
      ? []
      : who.kind === 'session'
        ? [['Cookie', '__Host-bff=alice']]
        : [['Authorization', 'Bearer t']];
  const headers = [...credentials, ...(asked.csrf ? [['X-CSRF', '1'] as [string, string]] : []), ...asked.headers];
  const context = contextOf(headers, { method: asked.method, target: asked.path });
  const matched = compileRoutes(config.routes, ['api']).match(context.target)?.route;
  if (!matched) return { matched, admission: undefined };
  const forgery = () =>
    checkCsrf({
      method: asked.method,
      headers: context.req.headers,
      mode: 'header',
      strictCookie: true,
      headerName: 'X-CSRF',
      publicOrigin: PUBLIC,
      allowedOrigins: [],
    });
  const admission: Admission | undefined = await admit(context, matched, forgery).catch((error: unknown) => {
    if (error instanceof GatewayError) return undefined;
    throw error;
  });
  return { matched, admission };
}

test('RS-09 RS-11 a request is admitted exactly when the first rule for it holds', async () => {
  let admittedCount = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(route, { minLength: 1, maxLength: 3 }), request, caller, async (routes, asked, who) => {
      let outcome: Awaited<ReturnType<typeof admitted>>;
      try {
        outcome = await admitted(routes, asked, who);
      } catch (error) {
        // An ambiguous path is refused before any rule applies.
        assert.ok(error instanceof GatewayError && error.code === 'ambiguous_path', String(error));
        return;
      }
      const { matched, admission } = outcome;
      if (!matched) return;
      const rules = matched.config.rules;
      const open = matched.rulesForMethod(asked.method)[0]?.token === 'none';
      const expected = oracle(rules, asked.method, who) && (open || who.kind !== 'session' || asked.csrf);
      assert.equal(admission !== undefined, expected);
      if (admission) admittedCount += 1;
      // The admitted caller is the one that sent the request.
      if (admission?.kind === 'user') assert.equal(who.kind, 'session');
      if (admission?.kind === 'bearer') assert.ok('audience' in who && who.kind !== 'invalid');
      if (admission?.kind === 'guest') assert.equal(who.kind, 'anonymous');
    }),
    { numRuns: 5_000 },
  );
  assert.ok(admittedCount > 500, `only ${admittedCount} of 5000 were admitted: the inputs do not cover both outcomes`);
});
