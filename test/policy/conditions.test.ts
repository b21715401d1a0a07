/** The table of rule conditions: conditions on the request reach every caller, and schema, checks and docs follow from the table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { GatewayError } from '../../src/base/errors.ts';
import { rule as ruleSchema } from '../../src/config/sections/rules.ts';
import { accessTokenFindings } from '../../src/config/validate/access-tokens.ts';
import { routeFindings } from '../../src/config/validate/routes.ts';
import { createKeyring } from '../../src/crypto/keyring.ts';
import type { AuditDetails } from '../../src/observe/audit.ts';
import { compileConditions } from '../../src/policy/conditions/compile.ts';
import { requestCondition } from '../../src/policy/conditions/condition.ts';
import { CONDITIONS, type ConditionName, conditionEntries } from '../../src/policy/conditions/conditions.ts';
import { type CompiledRule, compileRule } from '../../src/policy/rules.ts';
import { createAdmit } from '../../src/proxy/admission/admit.ts';
import { compileRoutes } from '../../src/routing/routes.ts';
import { singleCookie } from '../../src/session/cookies.ts';
import { sessionOf } from '../support/data-plane.ts';
import { configOf, contextOf } from '../support/route-fixtures.ts';

/** A condition on the request, such as a range of addresses would be. */
const address = requestCondition({
  schema: z.string(),
  reasons: ['address'],
  compile: (prefix) => (request) =>
    request.clientIp.startsWith(prefix)
      ? undefined
      : { kind: 'denied', reason: 'address', detail: `an address that starts with ${prefix}` },
});
const TABLE = { ...CONDITIONS, address };

/** Sends one request to a route whose rules were compiled with the table above; returns how it ended. */
async function admit(rules: readonly object[], { cookie, clientIp }: { cookie?: string; clientIp: string }) {
  const config = configOf([{}]);
  const [route] = compileRoutes(config.routes).routes;
  assert.ok(route);
  const compiled = rules.map((rule): CompiledRule => compileRule(rule as CompiledRule['config'], TABLE));
  const audits: AuditDetails[] = [];
  const session = sessionOf('alice');
  const run = createAdmit({
    config,
    keyring: createKeyring([{ id: 'k1', value: 'x'.repeat(48) }], 'test'),
    sessions: {
      identify: (header) => singleCookie(header, '__Host-bff'),
      getCached: () => undefined,
      load: async () => session,
      touch: () => {},
    },
    ensureUsable: async () => ({ kind: 'active', session }),
    checkProof: async () => {},
    audit: (_event, details) => void audits.push(details),
    clock: () => 0,
  });
  const headers: [string, string][] = cookie === undefined ? [] : [['Cookie', cookie]];
  const outcome = await run(contextOf(headers, { clientIp }), { ...route, rulesForMethod: () => compiled }, () => ({
    kind: 'pass',
  })).then(
    ({ kind }) => kind,
    (error: unknown) => {
      assert.ok(error instanceof GatewayError, String(error));
      return `${error.status} ${error.code} ${error.extensions.reason ?? ''}`.trim();
    },
  );
  return { outcome, audits };
}

const INSIDE = '10.1.2.3';
const OUTSIDE = '192.0.2.1';
const SESSION = '__Host-bff=alice';

test('a condition on the request holds for open routes, guests and users', async () => {
  for (const [token, cookie, kind] of [
    ['none', undefined, 'anyone'],
    ['none', SESSION, 'anyone'],
    ['user-or-none', undefined, 'guest'],
    ['user-or-none', SESSION, 'user'],
    ['user', SESSION, 'user'],
  ] as const) {
    const caller = cookie === undefined ? {} : { cookie };
    const rules = [{ token, address: '10.' }];
    assert.equal((await admit(rules, { ...caller, clientIp: INSIDE })).outcome, kind);
    const { outcome, audits } = await admit(rules, { ...caller, clientIp: OUTSIDE });
    assert.equal(outcome, '403 access_denied address', token);
    assert.equal(audits[0]?.reason, 'address');
    assert.equal(audits[0]?.clientIp, OUTSIDE);
  }
});

test('a condition on the token holds for users and not for guests', async () => {
  const rules = [{ token: 'user-or-none', address: '10.', scopes: ['staff'] }];
  assert.equal((await admit(rules, { clientIp: INSIDE })).outcome, 'guest');
  assert.equal((await admit(rules, { cookie: SESSION, clientIp: INSIDE })).outcome, '403 insufficient_scope');
});

test('a caller without credentials gets 401 when no rule applies to it, whatever its address', async () => {
  const rules = [{ token: 'user', address: '10.' }];
  for (const clientIp of [INSIDE, OUTSIDE])
    assert.equal((await admit(rules, { clientIp })).outcome, '401 unauthenticated');
});

test('a rule without conditions has no check at all', () => {
  const { check, checkWithoutToken } = compileConditions({ token: 'user' });
  assert.deepEqual([check, checkWithoutToken], [undefined, undefined]);
  assert.equal(compileConditions({ token: 'user', scopes: ['a'] }).checkWithoutToken, undefined);
});

/** The options of a rule that are no conditions. */
const OTHERS = ['methods', 'token', 'limits', 'maxBody'];

test('every condition is an option of a rule, with its description', () => {
  const { properties } = z.toJSONSchema(ruleSchema, { io: 'input' });
  const options = Object.keys(properties ?? {}).filter((name) => !OTHERS.includes(name));
  assert.deepEqual(options, Object.keys(CONDITIONS));
  for (const [name, { schema }] of conditionEntries) assert.ok(schema.description, name);
});

test('every condition on the token is a finding where no token is read', () => {
  const VALUES: Record<ConditionName, unknown> = {
    certificate: true,
    binding: 'any',
    providers: ['default'],
    identity: { email: { equals: 'a' } },
    claims: { a: { equals: 1 } },
    roles: ['a'],
    groups: ['a'],
    scopes: ['a'],
    acr: 'a',
    maxAge: '1m',
  };
  for (const [name, { over }] of conditionEntries) {
    const config = configOf([{ rules: [{ token: 'none', [name]: VALUES[name] }] }]);
    const paths = [...routeFindings(config), ...accessTokenFindings(config)].map(({ path }) => path.join('.'));
    assert.equal(paths.includes(`routes.0.rules.0.${name}`), over === 'token', name);
  }
});

test('the documentation names every reason with which a condition denies', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/api-gateway.md'), 'utf8');
  for (const [name, { reasons }] of conditionEntries)
    for (const reason of reasons) assert.ok(page.includes(`\`${reason}\``), `${reason} of ${name}`);
});
