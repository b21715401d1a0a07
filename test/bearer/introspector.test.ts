/** The caches of the introspector, and the limit of inactive tokens per address, without a gateway around them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { GatewayError } from '../../src/base/errors.ts';
import { createIntrospector } from '../../src/oidc/tokens/introspection.ts';
import { createMissLimit } from '../../src/oidc/tokens/miss-limit.ts';
import type { TokenIssuer } from '../../src/oidc/tokens/token-issuers.ts';

const ISSUER = 'https://id.example';

/** An issuer that knows one active token, and counts the introspection requests. */
function createIssuer(clock: () => number) {
  const metadata = { issuer: ISSUER, introspection_endpoint: `${ISSUER}/introspect` };
  const client = new oidc.Configuration(metadata, 'shop', { client_secret: 'secret' });
  let requests = 0;
  client[oidc.customFetch] = async (_url, { body }) => {
    requests += 1;
    const active = new URLSearchParams(String(body)).get('token') === 'active-token';
    return Response.json(active ? { active, sub: 'alice', exp: clock() / 1000 + 3_600 } : { active });
  };
  const issuer = {
    provider: { client: async () => client },
    introspection: { credentials: undefined, cache: 600_000, negativeCache: 600_000 },
  };
  return { issuer: issuer as unknown as TokenIssuer, requests: () => requests };
}

const codeOf = (error: unknown) => (error instanceof GatewayError ? error.code : String(error));

test('E12 10,050 inactive tokens from as many addresses displace no active one from the cache', async () => {
  const clock = () => 1_000_000;
  const { issuer, requests } = createIssuer(clock);
  const introspector = createIntrospector({ clock, tolerance: 0, limitMisses: createMissLimit(1, clock) });
  const introspect = (token: string, address: string) => introspector.introspect(token, ISSUER, issuer, { address });
  assert.equal((await introspect('active-token', 'a')).sub, 'alice');
  for (let at = 0; at < 10_050; at += 1)
    await assert.rejects(introspect(`junk-${at}`, `address-${at}`), (error) => codeOf(error) === 'invalid_token');
  assert.equal(requests(), 10_051);
  assert.equal((await introspect('active-token', 'b')).sub, 'alice');
  assert.equal(requests(), 10_051);
});

test('E12 only inactive tokens count for the limit; the token of a session has none', async () => {
  let now = 1_000_000;
  const clock = () => now;
  const { issuer, requests } = createIssuer(clock);
  const introspector = createIntrospector({ clock, tolerance: 0, limitMisses: createMissLimit(2, clock) });
  const outcome = (token: string, address?: string) =>
    introspector
      .introspect(token, ISSUER, issuer, address === undefined ? { provider: 'default' } : { address })
      .then(() => 'active', codeOf);
  assert.equal(await outcome('junk-1', 'a'), 'invalid_token');
  assert.equal(await outcome('active-token', 'a'), 'active');
  assert.equal(await outcome('junk-2', 'a'), 'invalid_token');
  assert.equal(await outcome('junk-3', 'a'), 'too_many_requests');
  assert.equal(await outcome('junk-2', 'a'), 'invalid_token', 'its result is cached');
  assert.equal(await outcome('active-token', 'a'), 'active', 'its result is cached');
  assert.equal(await outcome('junk-4', 'b'), 'invalid_token');
  assert.equal(await outcome('junk-5'), 'invalid_token');
  assert.equal(requests(), 5);
  now += 60_000;
  assert.equal(await outcome('junk-6', 'a'), 'invalid_token');
});
