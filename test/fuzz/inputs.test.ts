/** A hundred thousand inputs sent to one running gateway: each gets a response, none a 5xx, and the process keeps working. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Arbitrary } from 'fast-check';
import { type BearerWorld, startBearerWorld } from '../bearer/world.ts';
import { createSigningKey } from '../support/keys.ts';
import { createLogoutToken } from '../support/logout-tokens.ts';
import { fc, SEED } from '../support/properties.ts';
import { accessToken } from '../support/tokens.ts';
import { bombard } from './bombard.ts';

const EACH = 17_000;
const ends: (() => unknown)[] = [];
let world: BearerWorld;
let cookie: string;
let host: string;
let port: number;

before(async () => {
  world = await startBearerWorld(
    { after: (end) => void ends.push(end as () => unknown) },
    {
      // Without a refresh token the session lasts as long as its access token: longer than the slowest run.
      provider: { settings: { grantedScope: 'openid read:orders', accessTokenLifetime: 3_600_000 } },
      config: { limits: { loginsPerMinute: 0, logoutTokensPerMinute: 0 }, log: { level: 'error' } },
    },
  );
  await world.signIn();
  cookie = world.browser.cookieHeader('/');
  ({ host } = new URL(world.gateway.url));
  port = Number(new URL(world.gateway.url).port);
});
after(async () => {
  for (const end of ends) await end();
});

/** Bytes that are allowed in a header or a target, and some that are not. */
const odd = fc.constantFrom(
  ...['%', '%00', '%0d%0a', '%2e%2e', '%2f', '%5c', '..', '.', '/', '//', '\\', ';', '?', '#', '&', '=', '@', ':', ','],
  ...['"', "'", '<', '>', '{', '}', '\t', '\x01', '\x7f', '\x80', '\xff', 'é', 'ÿ', '\u00a0', 'x', 'A', '0', '-', '_'],
  ...[
    'api',
    'login',
    'callback',
    'session',
    'sessions',
    'null',
    'undefined',
    '__proto__',
    'constructor',
    'NaN',
    '1e999',
  ],
);
const text = (maxLength = 12) => fc.array(odd, { maxLength }).map((parts) => parts.join(''));
/** The same text with an insertion, a deletion or a change. */
const mutated = (original: string): Arbitrary<string> =>
  fc
    .tuple(fc.nat(Math.max(0, original.length)), fc.nat(8), text(3))
    .map(([at, cut, put]) => original.slice(0, at) + put + original.slice(at + cut));
const json: Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom<unknown>(1e300, -1, 1.5, '', [], {}, null, true, 'x'.repeat(2_000), ['orders-api'], { roles: 7 }),
);
const b64 = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '').toString('base64url');

const request = (method: string, target: string, lines: readonly string[], body = '') =>
  `${method} ${target} HTTP/1.1\r\nHost: ${host}\r\n${lines.map((line) => `${line}\r\n`).join('')}${
    body === ''
      ? ''
      : `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${Buffer.byteLength(body, 'latin1')}\r\n`
  }\r\n${body}`;
/** Removes line breaks, which would start another request. */
const line = (value: string) => value.replace(/[\r\n]/g, ' ');

/** A JWT with a valid header and valid claims, except for some random ones. */
const jwt = (token: string): Arbitrary<string> => {
  const [head = '', body = '', signature = ''] = token.split('.');
  const read = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());
  const names = [...Object.keys(read(body)), 'nbf', 'nonce', 'cnf', 'events', 'sid', 'aud'];
  return fc.oneof(
    mutated(token),
    fc
      .dictionary(fc.constantFrom('alg', 'kid', 'typ', 'crit', 'jwk', 'jku', 'x5c', 'b64'), json)
      .map((changes) => `${b64({ ...read(head), ...changes })}.${body}.${signature}`),
    fc
      .dictionary(fc.constantFrom(...names), json)
      .map((changes) => `${head}.${b64({ ...read(body), ...changes })}.${signature}`),
    fc.tuple(json, json).map(([a, b]) => `${b64(a)}.${b64(b)}.${signature}`),
    fc.array(text(4), { maxLength: 6 }).map((parts) => parts.join('.')),
  );
};

const methods = fc.constantFrom('GET', 'GET', 'GET', 'POST', 'HEAD', 'OPTIONS', 'DELETE', 'PUT');
const kinds: Record<string, () => Arbitrary<string>> = {
  cookies: () =>
    fc
      .tuple(
        fc.constantFrom('/api/x', '/session', '/profile', '/logout', '/sessions'),
        fc.oneof(
          mutated(cookie),
          text(),
          fc.tuple(text(4), fc.constant(cookie), text(4)).map((parts) => parts.join('; ')),
        ),
      )
      .map(([path, value]) => request('GET', path, [`Cookie: ${line(value)}`, 'X-CSRF: 1'])),
  headers: () =>
    fc
      .tuple(
        methods,
        fc.array(
          fc.tuple(
            fc.constantFrom(
              'Origin',
              'Sec-Fetch-Site',
              'Sec-Fetch-Mode',
              'Accept',
              'Forwarded',
              'X-Forwarded-For',
              'X-Forwarded-Proto',
              'X-Request-Id',
              'Via',
              'Max-Forwards',
              'Connection',
              'Range',
              'If-None-Match',
              'Authorization',
              'DPoP',
              'X-CSRF',
              'Content-Type',
              'Accept-Language',
              'User-Agent',
              'X-User',
            ),
            text(),
          ),
          { maxLength: 8 },
        ),
      )
      .map(([method, pairs]) =>
        request(method, '/api/x', [`Cookie: ${cookie}`, ...pairs.map(([name, value]) => `${name}: ${line(value)}`)]),
      ),
  paths: () =>
    fc
      .tuple(methods, text(20), fc.boolean())
      .map(([method, path, signedIn]) =>
        request(
          method,
          `/${path.replace(/[ \r\n]/g, '')}`,
          signedIn ? [`Cookie: ${cookie}`, 'X-CSRF: 1'] : ['Accept: text/html'],
        ),
      ),
  callbacks: () =>
    fc
      .tuple(
        fc.constantFrom('/callback', '/login', '/signed-in', '/logout', '/signed-out', '/logout/continue'),
        fc.array(
          fc.tuple(
            fc.constantFrom(
              'state',
              'code',
              'iss',
              'error',
              'error_description',
              'returnTo',
              'to',
              'sid',
              'prompt',
              'max_age',
              'acr_values',
              'login_hint',
              'ui_locales',
              'session_state',
            ),
            text(),
          ),
          { maxLength: 6 },
        ),
        text(),
      )
      .map(([path, pairs, login]) =>
        request(
          'GET',
          `${path}?${pairs.map(([name, value]) => `${name}=${value.replace(/[ \r\n]/g, '')}`).join('&')}`,
          [
            'Accept: text/html',
            'Sec-Fetch-Mode: navigate',
            'Sec-Fetch-Dest: document',
            `Cookie: bff-login-AAAAAAAAAAAAAAAA=${line(login)}`,
          ],
        ),
      ),
  'logout tokens': () =>
    fc
      .tuple(jwt(createLogoutToken(world.provider, { sid: 'nobody' })), fc.boolean())
      .map(([token, encoded]) =>
        request('POST', '/backchannel-logout', [], `logout_token=${encoded ? encodeURIComponent(token) : line(token)}`),
      ),
  'access tokens': () =>
    fc
      .tuple(jwt(accessToken(world.provider)), fc.constantFrom('Bearer', 'bearer', 'DPoP'))
      .map(([token, scheme]) =>
        request('GET', '/api/x', [
          `Authorization: ${scheme} ${line(token)}`,
          ...(scheme === 'DPoP' ? [`DPoP: ${line(token)}`] : []),
        ]),
      ),
};

for (const name of Object.keys(kinds))
  test(`DO-05 SE-10 ${EACH} ${name}`, async (t) => {
    const inputs = fc.sample((kinds[name] as () => Arbitrary<string>)(), { numRuns: EACH });
    const { counts, faults } = await bombard(port, inputs);
    const summary = [...counts].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
    t.diagnostic(summary.join(', '));
    assert.deepEqual(faults, [], `TEST_SEED=${SEED}`);
    assert.ok(counts.size > 1, 'the inputs met more than one kind of response');
    assert.doesNotMatch(world.gateway.logText(), /"level":"(error|fatal)"/);
    // The same process keeps working.
    world.catchUp();
    assert.equal((await world.api()).status, 200);
    assert.equal((await world.call(accessToken(world.provider))).status, 200);
    assert.equal(
      (
        await world.call(
          accessToken(world.provider, {}, (draft) => void Object.assign(draft, { key: createSigningKey() })),
        )
      ).status,
      401,
    );
  });
