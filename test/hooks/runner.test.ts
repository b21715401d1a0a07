/** The hook runner: order, time limit, and results that a hook may not return. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ErrorCode } from '../../src/base/error-table.ts';
import { GatewayError } from '../../src/base/errors.ts';
import { closestMatch } from '../../src/config/messages/suggest.ts';
import { createAppHooks, createAuditObserver } from '../../src/hooks/hook-runner.ts';
import type { Hooks } from '../../src/hooks/hooks.ts';
import { currentPlugin } from '../../src/hooks/plugin-context.ts';
import { readHooks } from '../../src/hooks/read-plugin.ts';
import type { HookReport } from '../../src/hooks/run-hook.ts';

const request = { id: 'r1', ip: '192.0.2.1', userAgent: undefined };
const ofSession = { app: 'main', provider: 'default', sub: 'alice', session: 'abc', data: {} };
const login = {
  app: 'main',
  provider: 'default',
  sub: 'alice',
  claims: {},
  userInfo: undefined,
  returnTo: '/',
  request,
};
const nobody = {
  kind: 'none',
  issuer: undefined,
  sub: undefined,
  clientId: undefined,
  scopes: [],
  claims: {},
} as const;
const call = {
  app: 'main',
  route: '/api/**',
  method: 'GET',
  path: '/api/x',
  via: 'http',
  caller: nobody,
  data: undefined,
  request,
} as const;
const isAllowed = (name: string) => name.toLowerCase() !== 'host';

/** Hooks with a timer that the test ends, and a record of what was reported. */
function setUp(hooks: Hooks[], now = () => 0) {
  const reported: unknown[][] = [];
  const timers = new Set<() => void>();
  const report: HookReport = {
    ran: (...args) => void reported.push(['ran', ...args]),
    failed: (hook, plugin, reason) => void reported.push(['failed', hook, plugin, reason]),
    dropped: (hook) => void reported.push(['dropped', hook]),
  };
  const startTimer = (_ms: number, run: () => void) => {
    timers.add(run);
    return () => void timers.delete(run);
  };
  const limits = { timeout: 2_000, report, now, startTimer };
  const plugins = readHooks(hooks, closestMatch);
  return {
    reported,
    timers,
    hooks: createAppHooks(plugins, limits),
    audit: createAuditObserver(plugins, limits),
    timeOut() {
      for (const run of [...timers]) run();
    },
    failures: () => reported.filter(([kind]) => kind === 'failed'),
  };
}

const hasCode = (code: ErrorCode) => (error: unknown) => {
  assert.ok(error instanceof GatewayError, String(error));
  assert.equal(error.code, code);
  return true;
};
const never = () => new Promise<undefined>(() => {});
/** Lets everything run that can. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('without a plugin no hook exists, so that a request has nothing to run', () => {
  const { hooks, audit } = setUp([]);
  const { settle, ...all } = hooks;
  assert.deepEqual(Object.values({ ...all, audit }), [
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  const { hooks: some } = setUp([{ onCall: () => undefined }]);
  assert.equal(some.login, undefined);
  assert.notEqual(some.call, undefined);
});

describe('order', () => {
  test('each plugin gets what the earlier ones returned, one after the other', async () => {
    const seen: unknown[] = [];
    const { hooks } = setUp([
      {
        onLogin: async () => {
          await turn();
          return { data: { tenant: 'a', role: 'user' } };
        },
        onCall: () => ({ headers: { 'X-Tenant': 'a', 'X-Role': 'user' } }),
        onSession: () => ({ theme: 'dark' }),
      },
      { onLogin: ({ data }) => void seen.push(data), onCall: ({ headers }) => void seen.push(headers) },
      {
        onLogin: ({ data }) => ({ data: { role: `${data.role}+` } }),
        onCall: ({ headers }) => ({ headers: { 'x-role': `${headers['x-role']}+`, 'x-tenant': undefined } }),
        onSession: ({ custom }) => ({ theme: `${custom.theme}er` }),
      },
    ]);
    assert.deepEqual(await hooks.login?.(login), { tenant: 'a', role: 'user+' });
    assert.deepEqual(await hooks.call?.(call, isAllowed), { 'x-role': 'user+', 'x-tenant': undefined });
    assert.deepEqual(await hooks.session?.(ofSession), { theme: 'darker' });
    assert.deepEqual(seen, [
      { tenant: 'a', role: 'user' },
      { 'x-tenant': 'a', 'x-role': 'user' },
    ]);
  });

  test('a refusal ends the run: later plugins are not asked', async () => {
    const asked: string[] = [];
    const later: Hooks = { onLogin: () => void asked.push('login'), onCall: () => void asked.push('call') };
    const { hooks } = setUp([
      { onLogin: () => ({ refuse: 'Ask for access.' }), onCall: () => ({ refuse: { status: 404, detail: 'No.' } }) },
      later,
    ]);
    await assert.rejects(
      async () => await hooks.login?.(login),
      (error) => {
        hasCode('login_refused')(error);
        assert.equal(Reflect.get(Object(error), 'hint'), 'Ask for access.');
        return true;
      },
    );
    await assert.rejects(
      async () => await hooks.call?.(call, isAllowed),
      (error) => {
        hasCode('call_refused')(error);
        assert.equal(Reflect.get(Object(error), 'status'), 404);
        return true;
      },
    );
    assert.deepEqual(asked, []);
  });

  test('audit events arrive one at a time, in order', async () => {
    const got: string[] = [];
    const { audit } = setUp([
      {
        async onAudit({ record }) {
          await turn();
          got.push(record.event ?? '');
        },
      },
    ]);
    for (const event of ['a', 'b', 'c']) audit?.({ record: { event } });
    assert.deepEqual(got, [], 'nothing runs before the code that causes the event has ended');
    await audit?.idle();
    assert.deepEqual(got, ['a', 'b', 'c']);
  });
});

describe('failures', () => {
  const thrower = () => {
    throw new Error('broken');
  };
  test('a hook that throws or rejects refuses a sign-in and a request, and is reported by its names', async () => {
    for (const broken of [thrower, async () => thrower()]) {
      const { hooks, failures } = setUp([{ name: 'acme', onLogin: broken, onCall: broken }]);
      await assert.rejects(async () => await hooks.login?.(login), hasCode('hook_failed'));
      await assert.rejects(async () => await hooks.call?.(call, isAllowed), hasCode('hook_failed'));
      assert.deepEqual(failures(), [
        ['failed', 'onLogin', 'acme', 'error'],
        ['failed', 'onCall', 'acme', 'error'],
      ]);
    }
  });

  test('the response of /session has no custom at all if one plugin fails', async () => {
    const { hooks, failures } = setUp([{ onSession: () => ({ a: 1 }) }, { onSession: thrower }]);
    assert.equal(await hooks.session?.(ofSession), undefined);
    assert.deepEqual(failures(), [['failed', 'onSession', 'hooks-2', 'error']]);
  });

  test('a hook that observes and throws stops neither the next plugin nor the next event', async () => {
    const got: string[] = [];
    const { hooks, failures } = setUp([{ onLogout: thrower }, { onLogout: ({ reason }) => got.push(reason) }]);
    hooks.logout?.({ ...ofSession, reason: 'logout' });
    hooks.logout?.({ ...ofSession, reason: 'expired' });
    await hooks.logout?.idle();
    assert.deepEqual(got, ['logout', 'expired']);
    assert.equal(failures().length, 2);
  });
});

describe('the time limit', () => {
  test('a hook without a result refuses a sign-in and a request; its signal is aborted', async () => {
    const signals: AbortSignal[] = [];
    const hang = ({ signal }: { signal: AbortSignal }) => {
      signals.push(signal);
      return never();
    };
    const world = setUp([{ onLogin: hang, onCall: hang, onSession: hang, onTokens: hang }]);
    const outcomes = [
      assert.rejects(async () => await world.hooks.login?.(login), hasCode('hook_failed')),
      assert.rejects(async () => await world.hooks.call?.(call, isAllowed), hasCode('hook_failed')),
      (async () => assert.equal(await world.hooks.session?.(ofSession), undefined))(),
    ];
    world.hooks.tokens?.({ ...ofSession, reason: 'refresh', accessToken: 't', expiresAt: 0, scope: '' });
    await turn();
    await turn();
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [false, false, false, false],
    );
    world.timeOut();
    await Promise.all(outcomes);
    await world.hooks.tokens?.idle();
    assert.ok(signals.every(({ aborted }) => aborted));
    assert.deepEqual(
      world.failures().map(([, , , reason]) => reason),
      ['timeout', 'timeout', 'timeout', 'timeout'],
    );
  });

  test('a hook that fails after its time limit ends nothing, and leaves no timer', async () => {
    const late = Promise.withResolvers<undefined>();
    const world = setUp([{ onCall: () => late.promise }, { onLogin: () => undefined }]);
    const refused = assert.rejects(async () => await world.hooks.call?.(call, isAllowed), hasCode('hook_failed'));
    await turn();
    world.timeOut();
    await refused;
    late.reject(new Error('too late'));
    await turn();
    await world.hooks.login?.(login);
    assert.equal(world.timers.size, 0);
  });

  test('what listens to the signal runs as the plugin, so that an error in it is contained', async () => {
    const aborted = Promise.withResolvers<string | undefined>();
    const onCall: Hooks['onCall'] = ({ signal }) => {
      signal.addEventListener('abort', () => setImmediate(() => aborted.resolve(currentPlugin())));
      return never();
    };
    const world = setUp([{ name: 'waiting', onCall }]);
    const refused = assert.rejects(async () => await world.hooks.call?.(call, isAllowed), hasCode('hook_failed'));
    await turn();
    world.timeOut();
    await refused;
    assert.equal(await aborted.promise, 'waiting');
  });

  test('the duration of every run is reported, of a failed one too', async () => {
    let time = 0;
    const world = setUp(
      [
        {
          onSession() {
            time += 250;
            throw new Error('broken');
          },
        },
      ],
      () => time,
    );
    await world.hooks.session?.(ofSession);
    assert.deepEqual(
      world.reported.filter(([kind]) => kind === 'ran'),
      [['ran', 'onSession', 'hooks', 0.25]],
    );
  });
});

test('events beyond a thousand that wait are dropped and counted; those before them arrive', async () => {
  const first = Promise.withResolvers<void>();
  let got = 0;
  const { audit, reported } = setUp([
    {
      onAudit() {
        got += 1;
        return first.promise;
      },
    },
  ]);
  for (let index = 0; index < 1_003; index += 1) audit?.({ record: { event: String(index) } });
  assert.equal(reported.filter(([kind]) => kind === 'dropped').length, 3);
  first.resolve();
  await audit?.idle();
  assert.equal(got, 1_000);
});

describe('results that a hook may not return fail closed', () => {
  const loginResults: unknown[] = [
    true,
    'no',
    [],
    {},
    { refused: 'x' },
    { data: {}, refuse: 'x' },
    { refuse: true },
    { refuse: '' },
    { refuse: 'two\nlines' },
    { refuse: 'x'.repeat(501) },
    { data: 'text' },
    { data: [] },
    { data: { big: 'x'.repeat(4_096) } },
    { data: { n: 1n } },
  ];
  for (const result of loginResults)
    test(`onLogin: ${typeof result === 'object' ? Object.keys(Object(result)) : result}`, async () => {
      const { hooks, failures } = setUp([{ onLogin: () => result as undefined }]);
      await assert.rejects(async () => await hooks.login?.(login), hasCode('hook_failed'));
      assert.deepEqual(failures(), [['failed', 'onLogin', 'hooks', 'invalid']]);
    });

  const callResults: unknown[] = [
    { header: {} },
    { headers: [] },
    { headers: { Host: 'evil' } },
    { headers: { 'a b': 'x' } },
    { headers: { X_Y: 'x' } },
    { headers: { 'x-a': 'line\r\nx-b: 1' } },
    { headers: { 'x-a': ' x' } },
    { headers: { 'x-a': 'ü' } },
    { headers: { 'x-a': 7 } },
    { headers: { 'x-a': null } },
    { refuse: 'no' },
    { refuse: { status: 200, detail: 'x' } },
    { refuse: { status: 401, detail: 'x' } },
    { refuse: { status: 500, detail: 'x' } },
    { refuse: { status: 403 } },
    { refuse: { detail: 'x', code: 1 } },
  ];
  for (const result of callResults)
    test(`onCall: ${JSON.stringify(result)}`, async () => {
      const { hooks, failures } = setUp([{ onCall: () => result as undefined }]);
      await assert.rejects(async () => await hooks.call?.(call, isAllowed), hasCode('hook_failed'));
      assert.deepEqual(failures(), [['failed', 'onCall', 'hooks', 'invalid']]);
    });

  test('4 KiB is the limit of all plugins together', async () => {
    const half = {
      onLogin: ({ sub }: { sub: string }) => ({ data: { [`${sub}${half.next++}`]: 'x'.repeat(2_500) } }),
      next: 0,
    };
    const { hooks } = setUp([{ onLogin: half.onLogin }, { onLogin: half.onLogin }]);
    await assert.rejects(async () => await hooks.login?.(login), hasCode('hook_failed'));
  });
});

describe('hooks that are not what they should be stop the start', () => {
  const faults: [hooks: unknown, message: RegExp][] = [
    [[{ onLogn() {} }], /^Error: hooks\[0\]: unknown hook onLogn; did you mean onLogin\?$/],
    [{ onRequest() {} }, /^Error: hooks: unknown hook onRequest; the hooks are onLogin, onSession, .*onLogout$/],
    [{}, /^Error: hooks: it has no hook; the hooks are onLogin/],
    [{ onCall: 'x' }, /^Error: hooks: onCall: expected a function$/],
    [[null], /^Error: hooks\[0\]: expected an object of hooks$/],
    [{ name: 'a b', onCall() {} }, /^Error: hooks: name: expected/],
  ];
  for (const [hooks, message] of faults)
    test(String(message), () => assert.throws(() => readHooks(hooks as Hooks, closestMatch), message));

  test('an instance of a class is a plugin; a name that is used twice is numbered', () => {
    class Tenant {
      readonly name = 'tenant';
      onCall() {
        return { headers: { 'x-tenant': this.name } };
      }
    }
    const names = readHooks([new Tenant(), new Tenant(), { onCall: () => undefined }], closestMatch).map(
      ({ name }) => name,
    );
    assert.deepEqual(names, ['tenant', 'tenant-2', 'hooks-3']);
  });
});
