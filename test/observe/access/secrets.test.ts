/** Nothing that a request, a sign-in or a user brings gets into a line of the log: at level trace, with every access line, in every form. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';

import { createLineFormat } from '../../../src/observe/format/line-format.ts';
import { fc } from '../../support/properties.ts';
import { until } from '../../support/wait.ts';
import { CSRF, startWorld, type World } from '../../support/world.ts';
import { accessLines } from './access-lines.ts';

const SUB = 'canary-of-the-sub';

/** The log in every form, without the audit lines, which have the `sub` of users on purpose. */
function formsOf(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.includes('"audit":true'));
  const scheme = ['plain', 'otel', 'ecs'] as const;
  const options = scheme.flatMap((fields) => [
    { fields, format: 'json' as const },
    { fields, format: 'pretty' as const },
  ]);
  return options.map((each) => {
    const format = createLineFormat(each, { isTerminal: false, hasColors: false });
    return lines.map((line) => format(`${line}\n`)).join('');
  });
}

function assertAbsent(world: World, values: readonly string[]): void {
  for (const form of formsOf(world.gateway.logText()))
    for (const value of values) {
      const at = form.indexOf(value);
      assert.ok(at < 0, `the log has ${value}: ${form.slice(Math.max(0, at - 200), at + 60)}`);
    }
}

const startLogged = (t: Parameters<typeof startWorld>[0]) =>
  startWorld(t, {
    gateway: {
      config: {
        log: { access: 'all', paths: 'redacted' },
        accessTokens: { audience: 'orders-api' },
        frontend: { contentSecurityPolicy: false, devServer: 'http://127.0.0.1:1' },
      },
    },
    routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] }],
  });

test('LG-01 a whole sign-in, from the first request to the sign-out', async (t) => {
  const world = await startLogged(t);
  const { provider, browser, gateway } = world;
  provider.next.nextUser = { ...provider.next.nextUser, sub: SUB };
  await browser.navigate('/login?returnTo=%2Fapp%3Freturn%3Dcanary-of-the-return&login_hint=canary-of-the-hint');
  assert.equal((await world.api('/api/x?query=canary-of-the-query')).status, 200);
  const cookie = browser.cookieHeader('/api/x');
  await browser.fetch('/profile', { headers: CSRF });
  await browser.fetch('/session');
  await browser.fetch('/sessions', { headers: CSRF });
  await browser.fetch('/logout', { method: 'POST', headers: CSRF });
  await browser.navigate('/callback?code=canary-of-the-code&state=canary-of-the-state&iss=canary-of-the-iss');
  const seen = browser.responses.map(({ url }) => url.searchParams);
  const parameters = seen.flatMap((params) => ['code', 'state', 'nonce'].flatMap((name) => params.get(name) ?? []));
  assert.ok(parameters.some((value) => value.length > 20) && cookie.length > 40 && provider.secrets.size > 3);
  const cookies = cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1));
  await until(() => accessLines(gateway.logText()).some((line) => line['http.route'] === '/logout'));
  assertAbsent(world, [...provider.secrets.keys(), ...parameters, ...cookies, 'canary']);
  assert.ok(accessLines(gateway.logText()).some((line) => line['user.hash'] !== undefined));
});

test('LG-01 whatever a client puts into path, query, headers and body', async (t) => {
  const world = await startLogged(t);
  await world.signIn();
  const { browser, gateway } = world;
  const paths = ['/api/', '/callback/', '/login/', '/sessions/', '/', '/api/%2e%2e/', '/profile/'];
  const headers = ['authorization', 'referer', 'x-forwarded-for', 'x-api-key', 'x-request-id', 'origin', 'traceparent'];
  const request = fc.record({
    method: fc.constantFrom('GET', 'POST', 'DELETE', 'OPTIONS'),
    path: fc.constantFrom(...paths),
    header: fc.constantFrom(...headers),
    scheme: fc.constantFrom('', 'Bearer ', 'DPoP ', 'Basic '),
    csrf: fc.boolean(),
  });
  const values: string[] = [];
  await fc.assert(
    fc.asyncProperty(request, async ({ method, path, header, scheme, csrf }) => {
      const value = `Canary${randomBytes(12).toString('hex')}`;
      values.push(value);
      await browser.fetch(`${path}${value}?code=${value}&${value}=1&access_token=${value}`, {
        method,
        ...(method === 'POST' ? { body: value } : {}),
        headers: { ...(csrf ? CSRF : {}), [header]: scheme + value },
      });
    }),
    { numRuns: 120 },
  );
  await until(() => accessLines(gateway.logText()).length >= values.length);
  assertAbsent(world, values);
});
