/** No translation allows a request that the original refuses: random files compared with a separate model of the original. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import type { Config } from '../../src/config/schema/schema.ts';
import { ImportError } from '../../src/import/draft/draft.ts';
import type { ImportFormat } from '../../src/import/formats.ts';
import { importFrom } from '../../src/import/import.ts';
import { generic } from '../../src/oidc/products/catalog/generic.ts';
import { readFacts } from '../../src/oidc/products/read-facts.ts';
import { decide, ruleForCaller } from '../../src/policy/rules.ts';
import { isForAudience } from '../../src/proxy/admission/bearer.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { parseTarget } from '../../src/routing/target.ts';
import { fc } from '../support/properties.ts';
import { load } from './translated.ts';

const ISSUER = 'https://id.example.com';
const NAMES = ['a', 'ab', 'b'] as const;

interface Caller {
  scope: readonly string[];
  groups: readonly string[];
  audience: readonly string[];
}

/** An anonymous caller, or a caller with a token of the issuer. */
const caller: fc.Arbitrary<Caller | undefined> = fc.option(
  fc.record({
    scope: fc.subarray(['r', 'w', 'x']),
    groups: fc.subarray(['g1', 'g2']),
    audience: fc.subarray(['api', 'other']),
  }),
  { nil: undefined },
);
const segment = fc.constantFrom(...NAMES);
const path = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `/${parts.join('/')}`);
const request = fc.record({
  method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'PROPFIND'),
  path: fc.oneof(
    path,
    path.map((text) => `${text}/`),
  ),
});

/** A translated configuration with its compiled routes. */
interface Translation {
  config: Config;
  table: ReturnType<typeof compileRoutes>;
}

/** Whether the gateway allows a request: the first matching route, the first rule for the caller, its conditions. */
function isAllowed(
  { config, table }: Translation,
  one: { method: string; path: string },
  who: Caller | undefined,
): boolean {
  let found: ReturnType<typeof table.match>;
  try {
    found = table.match(parseTarget(one.path, config.publicUrl));
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    return false;
  }
  if (!found) return false;
  const rules = found.route.rulesForMethod(one.method);
  if (who === undefined || rules[0]?.token === 'none') return rules[0]?.token === 'none';
  const { scope, groups, audience: aud } = who;
  const claims = { iss: ISSUER, aud, client_id: 'c', sub: 'u', scope: scope.join(' '), groups };
  const facts = readFacts({ product: generic, subjects: 'both', rolesClaim: undefined }, ISSUER, claims);
  if (!isForAudience(facts, found.route.audience)) return false;
  const rule = ruleForCaller(rules, 'user');
  if (rule === undefined) return false;
  const { segments } = parseTarget(one.path, config.publicUrl);
  const request = { token: facts, clientIp: '192.0.2.1', method: one.method, segments, now: 0, tolerance: 0 };
  return decide(rule, request).kind === 'allowed';
}

/** The translation; undefined when nothing could be translated, so that every request is refused. */
function translated(format: ImportFormat, files: Record<string, string>): Translation | undefined {
  const readFile = (name: string) => files[name] ?? assert.fail(name);
  const listFiles = () => Object.keys(files).map((name) => name.replace(/^x\//, ''));
  try {
    const config = load(importFrom(format, 'x', { readFile, listFiles }).yaml);
    return { config, table: compileRoutes(config.routes, config.accessTokens?.audience) };
  } catch (error) {
    assert.ok(error instanceof ImportError, String(error));
    return undefined;
  }
}

/** Counts decisions, so that a property that only refuses does not pass unnoticed. */
const seen = { allowed: 0, refused: 0 };

function check(
  translation: Translation | undefined,
  one: { method: string; path: string },
  who: Caller | undefined,
  original: boolean,
) {
  const allowed = translation !== undefined && isAllowed(translation, one, who);
  seen[allowed ? 'allowed' : 'refused'] += 1;
  assert.ok(
    !allowed || original,
    `${one.method} ${one.path} by ${JSON.stringify(who)} is allowed, but the original refuses it`,
  );
}

const scopeLists = fc.array(fc.constantFrom('r', 'w', 'r w', 'x'), { maxLength: 2 });
const kongRoute = fc.record({
  path: fc.oneof(
    path,
    path.map((text) => `${text}/`),
    path.map((text) => `~${text}$`),
    path.map((text) => `~${text}(/|$)`),
  ),
  methods: fc.option(fc.subarray(['GET', 'POST', 'PROPFIND'], { minLength: 1 }), { nil: undefined }),
  demand: fc.option(fc.record({ scopes: scopeLists, acl: fc.subarray(['g1', 'g2']) }), { nil: undefined }),
});
type KongRoute = ReturnType<typeof kongRoute.generate>['value'];

function kongFile(routes: readonly KongRoute[]): string {
  const plugins = ({ demand }: KongRoute) => {
    if (!demand) return [];
    const config = {
      issuer: ISSUER,
      auth_methods: ['bearer'],
      audience_required: ['api'],
      scopes_required: demand.scopes,
      authenticated_groups_claim: ['groups'],
    };
    const acl = demand.acl.length === 0 ? [] : [{ name: 'acl', config: { allow: demand.acl } }];
    return [{ name: 'openid-connect', config }, ...acl];
  };
  return JSON.stringify({
    _format_version: '3.0',
    services: [
      {
        name: 's',
        url: 'http://s.internal',
        routes: routes.map((route, at) => ({
          name: `r${at}`,
          paths: [route.path],
          strip_path: false,
          ...(route.methods === undefined ? {} : { methods: route.methods }),
          plugins: plugins(route),
        })),
      },
    ],
  });
}

/**
 * Model of Kong: more attributes first, expressions before prefixes, the longer prefix, the order of the file. The gateway
 * ignores a trailing slash, so a path that matches no route may use the routes of its counterpart with or without it.
 */
function kongAllows(
  routes: readonly KongRoute[],
  { method, path: at }: { method: string; path: string },
  who: Caller | undefined,
): boolean {
  const fits =
    (text: string) =>
    ({ path: pattern, methods }: KongRoute) =>
      (methods === undefined || methods.includes(method)) &&
      (pattern.startsWith('~') ? new RegExp(`^${pattern.slice(1)}`).test(text) : text.startsWith(pattern));
  const weight = ({ path: pattern, methods }: KongRoute) => {
    const regex = pattern.startsWith('~');
    return [methods === undefined ? 0 : 1, regex ? 1 : 0, regex ? 0 : pattern.length];
  };
  const heavier = (a: KongRoute, b: KongRoute) =>
    weight(b)
      .map((value, index) => value - (weight(a)[index] ?? 0))
      .find((difference) => difference !== 0) ?? 0;
  const known = [at, at.endsWith('/') ? at.slice(0, -1) : `${at}/`].map((text) => routes.filter(fits(text)));
  const [first] = (known.find((found) => found.length > 0) ?? []).sort(heavier);
  if (!first) return false;
  if (!first.demand) return true;
  if (!who?.audience.includes('api')) return false;
  const { scopes, acl } = first.demand;
  const scoped =
    scopes.length === 0 || scopes.some((entry) => entry.split(' ').every((word) => who.scope.includes(word)));
  return scoped && (acl.length === 0 || acl.some((group) => who.groups.includes(group)));
}

const attempts = fc.array(fc.tuple(request, caller), { minLength: 10, maxLength: 16 });

/** `/ab/` does not match the public expression, but the prefix `/a`. */
const TRAILING_SLASH = [
  { path: '/a', methods: undefined, demand: { scopes: [], acl: [] } },
  { path: '~/ab$', methods: undefined, demand: undefined },
];

test('Kong: no request is allowed that Kong refuses', () => {
  seen.allowed = 0;
  fc.assert(
    fc.property(fc.array(kongRoute, { minLength: 1, maxLength: 4 }), attempts, (routes, tried) => {
      const translation = translated('kong', { x: kongFile(routes) });
      for (const [one, who] of tried) check(translation, one, who, kongAllows(routes, one, who));
    }),
    { numRuns: 200, examples: [[TRAILING_SLASH, [[{ method: 'GET', path: '/ab/' }, undefined]]]] },
  );
  assert.ok(seen.allowed > 10, String(seen.allowed));
});

const suffix = fc.oneof(
  path,
  path.map((text) => `${text}/*`),
  path.map((text) => `${text}/**`),
);
const flow = fc.record({
  path: fc.option(suffix, { nil: undefined }),
  verb: fc.option(fc.constantFrom('= "GET"', '= "POST"', '!= "GET"', '= "PROPFIND"'), { nil: undefined }),
  steps: fc.subarray(['first', 'second', 'fault']),
});
type Flow = ReturnType<typeof flow.generate>['value'];

const policy = (name: string, group: string) =>
  `<VerifyJWT name="${name}"><Algorithm>RS256</Algorithm><PublicKey><JWKS uri="${ISSUER}/jwks"/></PublicKey><Issuer>${ISSUER}</Issuer>` +
  `<Audience>api</Audience><AdditionalClaims><Claim name="scope">${group}</Claim></AdditionalClaims></VerifyJWT>`;

const steps = (names: readonly string[]) => names.map((name) => `<Step><Name>${name}</Name></Step>`).join('');

function apigeeBundle(flows: readonly Flow[], before: readonly string[]): Record<string, string> {
  const condition = ({ path: at, verb }: Flow) =>
    [at && `(proxy.pathsuffix MatchesPath "${at}")`, verb && `(request.verb ${verb})`]
      .filter((part) => part !== undefined)
      .join(' and ');
  const list = flows.map(
    (one) => `<Flow name="f"><Condition>${condition(one)}</Condition><Request>${steps(one.steps)}</Request></Flow>`,
  );
  return {
    'x/proxies/p.xml':
      `<ProxyEndpoint name="p"><PreFlow><Request>${steps(before)}</Request></PreFlow><Flows>${list.join('')}</Flows>` +
      '<HTTPProxyConnection><BasePath>/v1</BasePath></HTTPProxyConnection><RouteRule name="r"><TargetEndpoint>t</TargetEndpoint></RouteRule></ProxyEndpoint>',
    'x/targets/t.xml':
      '<TargetEndpoint name="t"><HTTPTargetConnection><URL>http://t.internal</URL></HTTPTargetConnection></TargetEndpoint>',
    'x/policies/first.xml': policy('first', 'r'),
    'x/policies/second.xml': policy('second', 'w'),
    'x/policies/fault.xml': '<RaiseFault name="fault"/>',
  };
}

/** Model of Apigee: the steps before every flow, and the first flow whose condition holds. */
function apigeeAllows(
  flows: readonly Flow[],
  before: readonly string[],
  { method, path: at }: { method: string; path: string },
  who: Caller | undefined,
) {
  const matches = (pattern: string) =>
    new RegExp(`^${pattern.replace('/**', '/.+').replace('/*', '/[^/]+')}$`).test(at);
  const verbHolds = (verb: string) => (verb.startsWith('!=') ? verb !== `!= "${method}"` : verb === `= "${method}"`);
  const first = flows.find(
    (one) => (one.path === undefined || matches(one.path)) && (one.verb === undefined || verbHolds(one.verb)),
  );
  const required = [...before, ...(first?.steps ?? [])];
  const has = (scope: string) => who?.audience.includes('api') === true && who.scope.join(' ') === scope;
  return required.every((name) => name !== 'fault' && has(name === 'first' ? 'r' : 'w'));
}

test('Apigee: no request is allowed that the flows refuse, ignoring trailing slashes', () => {
  seen.allowed = 0;
  const before = fc.subarray(['first', 'second']);
  fc.assert(
    fc.property(fc.array(flow, { minLength: 1, maxLength: 4 }), before, attempts, (flows, preFlow, tried) => {
      const translation = translated('apigee', apigeeBundle(flows, preFlow));
      for (const [one, who] of tried) {
        // Requests refused by a catch-all fault match no route of the gateway, which ignores the trailing slash.
        const plain = { ...one, path: one.path.replace(/\/$/, '') };
        check(translation, { ...plain, path: `/v1${plain.path}` }, who, apigeeAllows(flows, preFlow, plain, who));
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(seen.allowed > 10, String(seen.allowed));
});
