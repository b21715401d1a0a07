/** Where requests carry credentials: one header, one scheme, one type of credential; and the challenge of each refusal. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { connectRaw } from '../support/raw.ts';
import { accessToken, serviceToken } from '../support/tokens.ts';
import { CSRF } from '../support/world.ts';
import { type BearerWorld, codeOf, startBearerWorld } from './world.ts';

const ends: (() => unknown)[] = [];
let world: BearerWorld;
let cookie: string;
before(async () => {
  world = await startBearerWorld(
    { after: (end) => void ends.push(end as () => unknown) },
    { accessTokens: { audience: 'orders-api' }, provider: { settings: { grantedScope: 'openid read:orders' } } },
  );
  await world.signIn();
  cookie = world.browser.cookieHeader('/api/x');
});
after(async () => {
  for (const end of ends) await end();
});
beforeEach(() => {
  world.upstream.requests.splice(0);
  world.catchUp();
});

/** Sends the header lines unchanged. */
async function raw(lines: string[], target = '/api/x') {
  const { port, host } = new URL(world.gateway.url);
  const client = await connectRaw(Number(port));
  await client.send(`GET ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`);
  const response = await client.response();
  client.destroy();
  return response;
}

test('RS-01 two Authorization headers are refused with 400, whatever they contain', async () => {
  const token = accessToken(world.provider);
  for (const second of [`Bearer ${token}`, 'Basic eDp5', 'Bearer other']) {
    const response = await raw([`Authorization: Bearer ${token}`, `authorization: ${second}`]);
    assert.equal(response.status, 400);
    assert.equal(JSON.parse(response.text).code, 'ambiguous_credentials');
    assert.match(response.header('www-authenticate') ?? '', /error="invalid_request"/);
  }
  assert.equal(world.upstream.requests.length, 0);
});

test('RS-01 a token in the query beside the header is refused with 400; alone it is ignored', async () => {
  const token = accessToken(world.provider);
  for (const query of [`access_token=${token}`, `a=1&access_token=x`, 'access_token=']) {
    const both = await world.call(token, `/api/x?${query}`);
    assert.equal(both.status, 400, query);
    assert.equal((await world.call(undefined, `/api/x?${query}`)).status, 401, query);
  }
  assert.equal((await world.call(token, '/api/x?my_access_token=1')).status, 200);
});

test('RS-01 a token in a form is ignored', async () => {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = `access_token=${accessToken(world.provider, { scope: 'write:orders' })}`;
  assert.equal((await world.call(undefined, '/api/x', { method: 'POST', headers, body })).status, 401);
});

test('RS-06 a malformed header is refused with 400 invalid_request', async () => {
  for (const value of ['Bearer', 'Bearer ', 'Bearer a b', 'Bearer "x"', 'bearer a,b', 'Bearer =x', 'DPoP', 'DPoP x']) {
    const response = await raw([`Authorization: ${value}`]);
    assert.equal(response.status, 400, value);
    assert.match(response.header('www-authenticate') ?? '', /error="invalid_request"/, value);
  }
});

test('RS-01 another scheme is not a credential: 401 without an error, and it is never forwarded', async () => {
  for (const value of ['Basic eDp5', 'Negotiate abc', 'Digest x', 'MAC x', 'Bearerx abc']) {
    const response = await world.call(undefined, '/api/x', { headers: { authorization: value } });
    assert.equal(response.status, 401, value);
    assert.doesNotMatch(response.headers.get('www-authenticate') ?? '', /error=/);
  }
  const guest = await world.call(undefined, '/api/mixed/x', { headers: { authorization: 'Basic eDp5' } });
  assert.equal(guest.status, 200);
  assert.equal(world.upstream.requests.at(-1)?.header('authorization'), undefined);
});

test('the scheme is case-insensitive', async () => {
  for (const scheme of ['bearer', 'BEARER', 'BeArEr'])
    assert.equal((await raw([`Authorization: ${scheme} ${accessToken(world.provider)}`])).status, 200);
});

test('RS-01 cookie and bearer token: the CSRF check first, then 400; a bearer token does not bypass the CSRF check', async () => {
  const token = accessToken(world.provider);
  const rows: [Record<string, string>, number, string][] = [
    [{}, 403, 'csrf_header_missing'],
    [{ origin: 'https://evil.example', ...CSRF }, 403, 'csrf_cross_site'],
    [{ ...CSRF }, 400, 'ambiguous_credentials'],
  ];
  for (const [headers, status, code] of rows) {
    for (const path of ['/api/x', '/api/mixed/x']) {
      const response = await world.call(token, path, { headers: { cookie, ...headers } });
      assert.equal(response.status, status);
      assert.equal(await codeOf(response), code);
    }
  }
  assert.equal(world.upstream.requests.length, 0);
});

test('an invalid token never counts as anonymous: not beside a cookie, not where guests are allowed', async () => {
  assert.equal((await world.call('garbage', '/api/mixed/x')).status, 401);
  assert.equal((await world.call('garbage', '/api/mixed/x', { headers: { cookie, ...CSRF } })).status, 400);
  assert.equal((await world.call('garbage', '/api/open/x')).status, 200);
  assert.equal(world.upstream.requests.at(-1)?.header('authorization'), undefined);
});

test('CVE-2022-29226 a token that is merely present does not authenticate', async () => {
  for (const token of ['x', 'a.b.c', 'null', 'undefined', 'eyJhbGciOiJub25lIn0.e30.'])
    assert.equal((await world.call(token)).status, 401, token);
});

describe('RS-06 RS-07 the challenge', () => {
  const realm = () => `realm="${world.gateway.url}"`;
  const metadata = () => `resource_metadata="${world.gateway.url}/.well-known/oauth-protected-resource"`;
  const challengeOf = async (call: Promise<Response>) => (await call).headers.get('www-authenticate');

  test('without a credential: only the scheme', async () => {
    assert.equal(await challengeOf(world.call(undefined)), `Bearer ${realm()}, ${metadata()}`);
  });
  test('with an invalid token: invalid_token', async () => {
    const response = await challengeOf(world.call('a.b.c'));
    assert.equal(response, `Bearer ${realm()}, error="invalid_token", ${metadata()}`);
  });
  test('without the scope: insufficient_scope and the required scope', async () => {
    const response = await challengeOf(world.call(accessToken(world.provider, { scope: 'openid' })));
    assert.equal(response, `Bearer ${realm()}, error="insufficient_scope", scope="read:orders", ${metadata()}`);
  });
  test('a denial that no other token would change has no challenge', async () => {
    assert.equal(await challengeOf(world.call(accessToken(world.provider), '/api/machines/x')), null);
  });

  test('RS-07 the metadata names the resource, the issuers and the scopes, and any origin may read it', async () => {
    const response = await fetch(`${world.gateway.url}/.well-known/oauth-protected-resource`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.deepEqual(await response.json(), {
      resource: world.gateway.url,
      authorization_servers: [world.provider.issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['read:orders', 'write:orders'],
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA'],
      dpop_bound_access_tokens_required: false,
    });
  });

  test('RS-07 a resource with a path has its metadata below the well-known path (RFC 9728 section 3.1)', async (t) => {
    const { freePort } = await import('../support/ports.ts');
    const publicUrl = `http://localhost:${await freePort()}`;
    const other = await startBearerWorld(t, {
      accessTokens: { audience: 'orders-api', resource: `${publicUrl}/mcp` },
      config: { publicUrl },
    });
    const path = '/.well-known/oauth-protected-resource/mcp';
    const response = await fetch(other.gateway.ownUrl + path);
    assert.equal(Object(await response.json()).resource, `${publicUrl}/mcp`);
    assert.ok((await other.call(undefined)).headers.get('www-authenticate')?.includes(`${publicUrl}${path}`));
    assert.equal((await fetch(`${other.gateway.ownUrl}/.well-known/oauth-protected-resource`)).status, 404);
  });
});

describe('RS-11 the policy applies to every method', () => {
  const rows: [string, string, number][] = [
    ['HEAD', 'read:orders', 200],
    ['HEAD', 'openid', 403],
    ['OPTIONS', 'read:orders', 200],
    ['OPTIONS', 'openid', 403],
    ['PUT', 'read:orders write:orders', 403],
    ['DELETE', 'read:orders write:orders', 403],
    ['PATCH', 'read:orders write:orders', 403],
  ];
  for (const [method, scope, status] of rows)
    test(`${method} with ${scope}: ${status}`, async () => {
      const response = await world.call(accessToken(world.provider, { scope }), '/api/x', { method });
      assert.equal(response.status, status);
    });

  test('without a credential every method is refused or denied, whatever the User-Agent claims', async () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE'])
      for (const agent of ['kube-probe/1.30', 'ELB-HealthChecker/2.0', 'GoogleHC/1.0']) {
        const response = await world.call(undefined, '/api/x', { method, headers: { 'user-agent': agent } });
        assert.ok([401, 403].includes(response.status), `${method} ${agent}`);
      }
    assert.equal(world.upstream.requests.length, 0);
  });

  test('a method name in another case is another method', async () => {
    const token = accessToken(world.provider, { scope: 'read:orders write:orders' });
    const { port, host } = new URL(world.gateway.url);
    const client = await connectRaw(Number(port));
    await client.send(`get /api/x HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${token}\r\n\r\n`);
    assert.equal((await client.response()).status, 400, 'the parser does not know this method');
    client.destroy();
  });
});

test('RS-05 facts are cached, decisions are not: a token that was allowed to read may not write', async () => {
  const token = accessToken(world.provider, { scope: 'read:orders' });
  assert.equal((await world.call(token)).status, 200);
  const write = await world.call(token, '/api/x', { method: 'POST', body: 'x' });
  assert.equal(write.status, 403);
  assert.equal(await codeOf(write), 'insufficient_scope');
  assert.equal(
    (await world.call(serviceToken(world.provider, { scope: 'write:orders' }), '/api/x', { method: 'POST', body: 'x' }))
      .status,
    403,
  );
});

test('without accessTokens no client can use a token', async (t) => {
  const { startWorld } = await import('../support/world.ts');
  const plain = await startWorld(t);
  const headers = { authorization: `Bearer ${accessToken(plain.provider)}` };
  assert.equal((await fetch(`${plain.gateway.url}/api/x`, { headers })).status, 401);
  assert.equal((await fetch(`${plain.gateway.url}/.well-known/oauth-protected-resource`)).status, 404);
});

test('CR-07 an encrypted token is not accepted, so neither RSA1_5 nor a decompression bomb is ever processed', async () => {
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  for (const header of [
    { alg: 'RSA1_5', enc: 'A128CBC-HS256' },
    { alg: 'dir', enc: 'A256GCM', zip: 'DEF' },
    { alg: 'RSA-OAEP', enc: 'A256GCM' },
  ])
    assert.equal((await world.call(`${b64(header)}.AAAA.AAAA.${'A'.repeat(4_000)}.AAAA`)).status, 401, header.alg);
});
