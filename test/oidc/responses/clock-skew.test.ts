/** Clocks of gateway and provider that differ by minutes: sessions are kept, the log says it once, a metric has the difference. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLogger } from '../../../src/observe/log.ts';
import { createMetrics } from '../../../src/observe/metrics/metrics.ts';
import { ClockSkew } from '../../../src/oidc/responses/clock-skew.ts';
import { startTimedWorld, type TimedWorld } from '../../support/timed-world.ts';
import { CSRF, type WorldOptions } from '../../support/world.ts';

const MINUTE_MS = 60_000;
const LIFETIME_MS = 5 * MINUTE_MS;

const MODES: Record<string, NonNullable<WorldOptions['gateway']>['config']> = {
  'without validation of access tokens': {},
  'with validation of access tokens': { accessTokens: { audience: 'orders-api' } },
  'with introspection of every token': {
    accessTokens: { audience: 'orders-api', provider: { introspection: { cache: '0ms', negativeCache: '0ms' } } },
  },
};

async function startSignedIn(t: TestContext, mode: string, format: 'jwt' | 'opaque' = 'jwt'): Promise<TimedWorld> {
  const introspect = mode.includes('introspection');
  const world = await startTimedWorld(t, {
    provider: { settings: { accessTokenLifetime: LIFETIME_MS, accessTokenFormat: format } },
    gateway: { config: { ...MODES[mode] } },
    routes: (upstream) => [{ path: '/api/**', upstream, introspect, rules: [{ token: 'user' }] }],
  });
  world.provider.behaviour.accessToken = (draft) => ({
    ...draft,
    claims: { ...draft.claims, nbf: draft.claims.iat },
  });
  await world.signIn();
  return world;
}

const skewLines = (world: TimedWorld) =>
  world.gateway
    .logText()
    .split('\n')
    .filter((line) => /clocks? of (the )?provider/.test(line))
    .map((line) => JSON.parse(line));

for (const mode of Object.keys(MODES))
  for (const format of mode.startsWith('with introspection') ? (['jwt', 'opaque'] as const) : (['jwt'] as const))
    for (const minutes of [10, -10]) {
      test(`O03 ${mode} (${format}): the gateway's clock ${minutes} minutes ahead keeps sessions, and tokens last`, async (t) => {
        const world = await startSignedIn(t, mode, format);
        world.setGatewayAhead(minutes * MINUTE_MS);
        world.advance(LIFETIME_MS);
        world.provider.clearRequests();
        for (let n = 0; n < 5; n += 1) assert.equal((await world.api()).status, 200);
        world.advance(LIFETIME_MS / 2);
        assert.equal((await world.api()).status, 200);
        assert.equal(world.provider.refreshRequests().length, 1, 'one refresh, whose token lasts');
        world.advance(LIFETIME_MS / 2);
        for (let n = 0; n < 5; n += 1) assert.equal((await world.api()).status, 200);
        assert.equal(world.provider.refreshRequests().length, 2);
        assert.equal((await world.session()).authenticated, true);
        const [told, ...more] = skewLines(world);
        assert.equal(more.length, 0, 'it is logged once');
        assert.ok(Math.abs(told.skewSeconds + minutes * 60) <= 2, JSON.stringify(told));
        world.setGatewayAhead(0);
        world.advance(LIFETIME_MS);
        assert.equal((await world.api()).status, 200);
        assert.match(skewLines(world).at(-1).msg, /agree again/);
      });
    }

test('O03 without a Date header as well', async (t) => {
  for (const minutes of [10, -10]) {
    const world = await startSignedIn(t, 'with validation of access tokens');
    world.provider.settings.dateHeader = false;
    world.setGatewayAhead(minutes * MINUTE_MS);
    world.advance(LIFETIME_MS);
    world.provider.clearRequests();
    for (let n = 0; n < 5; n += 1) assert.equal((await world.api()).status, 200);
    assert.equal(world.provider.refreshRequests().length, 1);
    assert.equal((await world.session()).authenticated, true);
  }
});

test('O03 the ID token of a refresh is stored although the clocks differ', async (t) => {
  const world = await startSignedIn(t, 'without validation of access tokens');
  world.setGatewayAhead(10 * MINUTE_MS);
  world.advance(LIFETIME_MS);
  world.provider.behaviour.idToken = (draft) => ({ ...draft, claims: { ...draft.claims, name: 'Alice Renamed' } });
  assert.equal((await world.api()).status, 200);
  assert.equal((await world.browser.fetch('/profile', { headers: CSRF })).json().name, 'Alice Renamed');
});

test('O03 bearer tokens of clients are still checked by the clock of the gateway', async (t) => {
  const world = await startSignedIn(t, 'with validation of access tokens');
  const token = String(world.upstream.requests.at(-1)?.header('authorization') ?? '');
  assert.equal((await world.api()).status, 200);
  const sent = String(world.upstream.requests.at(-1)?.header('authorization') ?? token);
  const call = () => fetch(`${world.gateway.url}/api/x`, { headers: { authorization: sent } });
  assert.equal((await call()).status, 200);
  world.setGatewayAhead(10 * MINUTE_MS);
  assert.equal((await call()).status, 401);
});

/** A meter with clocks of its own. */
function startSkew() {
  const lines: string[] = [];
  const metrics = createMetrics();
  let now = 1_800_000_000_500;
  const log = createLogger('info', { write: (line: string) => void lines.push(line) });
  const skew = new ClockSkew({ log, metrics: metrics.ofProvider('default'), tolerance: 30_000, clock: () => now });
  return {
    skew,
    lines,
    metrics,
    set(value: number) {
      now = value;
    },
    now: () => now,
    observe(providerTime: number, duration = 0) {
      const end = skew.start();
      now += duration;
      end(new Headers({ date: new Date(providerTime).toUTCString() }));
    },
  };
}

test('O03 the resolution of the Date header and the time of the request are no difference', () => {
  const world = startSkew();
  const at = world.now();
  for (const off of [-400, 0, 400]) {
    world.set(at);
    world.observe(at + off);
    assert.equal(world.skew.current(), 0, String(off));
  }
  world.set(at);
  world.observe(at, 4_000);
  assert.equal(world.skew.current(), 0, 'a slow response');
  world.set(at);
  world.observe(at + 600_000);
  assert.ok(Math.abs(world.skew.current() - 600_000) <= 1_000);
});

test('O03 a response without a valid Date, or during which the clock was set back, says nothing', () => {
  const world = startSkew();
  world.observe(world.now() + 600_000);
  world.skew.start()(new Headers());
  world.skew.start()(new Headers({ date: 'yesterday' }));
  const end = world.skew.start();
  world.set(world.now() - 3_600_000);
  end(new Headers({ date: new Date(world.now() + 3_600_000).toUTCString() }));
  assert.ok(Math.abs(world.skew.current() - 600_000) <= 1_000);
});

test('O03 the metric has the difference in seconds, and the log each change once', async () => {
  const world = startSkew();
  for (let n = 0; n < 3; n += 1) world.observe(world.now() - 600_000);
  assert.match(
    (await world.metrics.text()).body,
    /^bff_provider_clock_skew_seconds\{app="",provider="default"\} -(599|600)(\.\d+)?$/m,
  );
  for (let n = 0; n < 3; n += 1) world.observe(world.now());
  assert.match((await world.metrics.text()).body, /^bff_provider_clock_skew_seconds\{app="",provider="default"\} 0$/m);
  assert.equal(world.lines.length, 2);
});
