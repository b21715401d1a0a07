/** Causes in the log: nothing of a callback or of a response of the provider, and selected fields of values that are no errors. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger, describeError } from '../../src/observe/log.ts';
import { alteringRedirect, json } from '../support/provider-faults.ts';
import type { ProviderResponse } from '../support/provider-types.ts';
import { startTimedWorld, type TimedWorld } from '../support/timed-world.ts';
import { accessToken } from '../support/tokens.ts';
import { until } from '../support/wait.ts';
import { CSRF } from '../support/world.ts';

const CANARY = 'canary7';

/** Asserts that the log has neither a secret, nor text of the provider, nor the text form of an object. */
function assertClean(world: TimedWorld, what: string): void {
  const log = world.gateway.logText();
  for (const secret of world.provider.secrets.keys()) assert.ok(!log.includes(secret), `${what}: ${secret}`);
  assert.doesNotMatch(log, /canary|\[object /, what);
}

for (const error of [
  'access_denied',
  'login_required',
  'server_error',
  `${CANARY} text`,
  `${CANARY}`,
  'a'.repeat(2000),
]) {
  test(`E08 a callback with error ${error.slice(0, 20)} and a code: the log has neither code nor state`, async (t) => {
    const world = await startTimedWorld(t);
    world.provider.behaviour.authorize = alteringRedirect((params) => {
      params.set('error', error);
      params.set('error_description', `${CANARY}-description`);
      params.set('error_uri', `https://${CANARY}.example`);
      params.set('session_state', `${CANARY}-session`);
      params.set(`${CANARY}-name`, 'x');
    });
    const page = await world.browser.navigate('/login');
    assert.ok(page.status >= 400, String(page.status));
    const state = page.url.searchParams.get('state') ?? '';
    const code = page.url.searchParams.get('code') ?? '';
    assert.ok(state.length > 20 && code.length > 20);
    world.provider.secrets.set(state, 'state').set(code, 'code');
    assertClean(world, error);
    assert.match(world.gateway.logText(), /"type":"URLSearchParams"|"errorCode":"/);
  });
}

const BODIES: Record<string, () => ProviderResponse> = {
  'a word as JSON': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: `${CANARY}` }),
  'a broken object': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: `{"a":"${CANARY}"` }),
  'plain text': () => ({ status: 200, headers: { 'content-type': 'text/plain' }, body: `${CANARY}` }),
  'plain text with 400': () => ({ status: 400, headers: { 'content-type': 'text/plain' }, body: `${CANARY}` }),
  'plain text with 500': () => ({ status: 500, headers: { 'content-type': 'text/plain' }, body: `${CANARY}` }),
  'broken JSON with 400': () => ({ status: 400, headers: { 'content-type': 'application/json' }, body: `${CANARY}` }),
  'a string': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: `"${CANARY}"` }),
  'a list': () => ({ status: 200, headers: { 'content-type': 'application/json' }, body: `["${CANARY}"]` }),
  'another object': () => json({ [CANARY]: CANARY, message: CANARY }),
  'odd members': () => json({ access_token: { [CANARY]: CANARY }, token_type: CANARY, expires_in: CANARY, scope: 5 }),
  'an error that is a text': () => json({ error: `${CANARY} is blocked`, error_description: CANARY }, 400),
  'an error that is a token': () => json({ error: `${CANARY}`, error_description: CANARY }, 400),
  'a challenge': () =>
    json({ message: CANARY }, 401, { 'www-authenticate': `Bearer error="${CANARY}", realm="${CANARY}"` }),
  'a redirect': () => ({ status: 302, headers: { location: `https://${CANARY}.example/` }, body: '' }),
};

for (const [name, respond] of Object.entries(BODIES)) {
  test(`E08 ${name} from every endpoint of the provider: the log has no text of it`, async (t) => {
    const introspection = { cache: '0ms', negativeCache: '0ms' };
    const world = await startTimedWorld(t, {
      provider: { settings: { accessTokenLifetime: 60_000 } },
      gateway: { config: { accessTokens: { audience: 'orders-api', provider: { introspection } } } },
      routes: (upstream) => [{ path: '/api/**', upstream, rules: [{ token: 'user-or-client' }] }],
    });
    await world.signIn();
    const { behaviour } = world.provider;
    Object.assign(behaviour, {
      token: respond,
      introspection: respond,
      revocation: respond,
      jwks: respond,
      par: respond,
    });
    world.advance(60_000);
    await world.api();
    await world.gateway.browser().navigate('/login');
    await fetch(`${world.gateway.url}/api/x`, { headers: { authorization: 'Bearer opaque' } });
    world.advance(600_000);
    await world.api();
    const authorization = `Bearer ${accessToken(world.provider, {}, undefined, world.now())}`;
    await fetch(`${world.gateway.url}/api/x`, { headers: { authorization } });
    await until(() => /failed to fetch the key set/.test(world.gateway.logText()));
    await world.browser.fetch('/logout', { method: 'POST', headers: CSRF });
    await until(() => world.provider.requests.revocation.length > 0);
    assertClean(world, name);
  });
}

test('E08 causes that are no errors are logged as selected fields', () => {
  const secret = 'code=canary-code&state=canary-state';
  const withCause = (cause: unknown) => describeError(new Error('failed', { cause })).cause;
  assert.deepEqual(withCause(new URLSearchParams(`error=access_denied&${secret}`)), {
    type: 'URLSearchParams',
    oauth: 'access_denied',
  });
  assert.deepEqual(withCause(new URLSearchParams(secret)), { type: 'URLSearchParams' });
  const response = new Response(secret, {
    status: 418,
    headers: { 'content-type': 'text/plain', 'set-cookie': secret },
  });
  assert.deepEqual(withCause(response), { type: 'Response', status: 418, contentType: 'text/plain' });
  assert.deepEqual(withCause({ claim: 'iss', expected: secret, claims: { sub: secret } }), {
    type: 'Object',
    claim: 'iss',
  });
  assert.deepEqual(withCause({ error: 'invalid_grant', error_description: secret }), {
    type: 'Object',
    oauth: 'invalid_grant',
  });
  assert.deepEqual(withCause({ error: secret }), { type: 'Object', oauth: 'unrecognized_error' });
  assert.deepEqual(
    [withCause(secret), withCause(7), withCause(null), withCause([secret])],
    [{ type: 'string' }, { type: 'number' }, { type: 'null' }, { type: 'Array' }],
  );
  assert.doesNotMatch(JSON.stringify(withCause(Object.assign(new SyntaxError(secret)))), /canary/);
});

test('E08 a token that no header can hold is in no line', () => {
  for (const token of ['canary\n"canary"', '"canary"\n', 'canary\u0000'])
    assert.throws(
      () => new Headers().set('authorization', `Bearer ${token}x`),
      (error) => {
        const { message } = describeError(error);
        assert.equal(message, 'Headers.set: the text is an invalid header value.');
        return true;
      },
    );
});

test('E08 a value that is no error is not logged whole, whichever way it reaches the log', () => {
  const lines: string[] = [];
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const values = [{ text: 'canary' }, 'canary', new Response('canary'), ['canary'], new Map([['canary', 1]])];
  for (const value of values) {
    log.warn({ err: value }, 'as it is');
    log.child({ a: 1 }).warn({ err: describeError(value) }, 'described');
  }
  log.warn({ err: describeError(new Error('kept')) }, 'described');
  assert.doesNotMatch(lines.join(''), /canary|\[object /);
  assert.match(lines.at(-1) ?? '', /"err":\{"type":"Error","message":"kept"\}/);
});
