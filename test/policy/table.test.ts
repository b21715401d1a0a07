/** The table of rules through the real data plane: for each row the response, and whether the upstream gets the request. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { readFacts } from '../../src/oidc/products/read-facts.ts';
import type { ProviderKind } from '../../src/oidc/products/registry.ts';
import { productOf } from '../../src/oidc/products/registry.ts';
import { startDataPlane, type TestResponse } from '../support/data-plane.ts';
import { configOf } from '../support/route-fixtures.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { NOW_S, type Row, TABLE, USER } from './table.ts';

const KINDS: readonly ProviderKind[] = ['generic', 'keycloak', 'auth0', 'entra'];
let upstream: Upstream;
let plane: Awaited<ReturnType<typeof startDataPlane>>;

/** The claims of a row; its number is the token, because verification has tests of its own. */
const claimsOf = (row: Row) =>
  Object.fromEntries(
    Object.entries({ ...USER[row.kind], aud: 'orders-api', ...row.claims }).filter(([, value]) => value !== undefined),
  );

const tokens = {
  async read(token: string) {
    const row = TABLE[Number(token)];
    assert.ok(row);
    const source = {
      product: productOf('https://id.example.com', row.kind),
      subjects: 'both',
      rolesClaim: undefined,
    } as const;
    return readFacts(source, 'https://id.example.com', claimsOf(row));
  },
  readSessionToken: () => assert.fail('no session requests here'),
  checkSessionToken: () => assert.fail('no sign-in here'),
};

before(async () => {
  upstream = await startUpstream();
  const routes = TABLE.map(({ rule }, at) => ({
    path: `/api/row${at}`,
    upstream: upstream.origin,
    rules: [{ token: 'user-or-client', ...rule }] as NonNullable<NonNullable<ConfigInput['routes']>[number]['rules']>,
  }));
  const config = configOf(routes, { accessTokens: { audience: 'orders-api' } });
  plane = await startDataPlane(config, undefined, { tokens, clock: () => NOW_S * 1000 });
});
after(async () => {
  await plane.close();
  await upstream.close();
});

/** Formats a response as the table does. */
function said({ status, headers, body }: TestResponse): string {
  if (status === 200) return '200';
  const { code, reason } = JSON.parse(body);
  const challenge = String(headers['www-authenticate'] ?? '')
    .replace(/^Bearer realm="[^"]*"(, )?/, '')
    .replace(/(, )?resource_metadata="[^"]*"$/, '');
  return [String(status), code, reason ?? challenge].filter((part) => part !== '').join(' ');
}

test('the table has at least 150 rows, and covers every product', () => {
  assert.ok(TABLE.length >= 150, String(TABLE.length));
  for (const kind of KINDS) assert.ok(TABLE.filter((row) => row.kind === kind).length >= 10, kind);
});

describe('RS-06 RS-09 RS-10 RS-13', () => {
  for (const [at, row] of TABLE.entries())
    test(`${row.about} (${row.kind}) ${JSON.stringify(row.claims)?.slice(0, 80)}: ${row.expected}`, async () => {
      upstream.requests.length = 0;
      const response = await plane.call(`/api/row${at}`, { headers: { authorization: `Bearer ${at}` } });
      assert.equal(said(response), row.expected);
      assert.equal(upstream.requests.length, row.expected === '200' ? 1 : 0);
    });
});
