/** Trace context towards upstreams: passed on, and begun where it is asked for. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createBeginTrace } from '../../src/proxy/trace.ts';
import { CSRF, startWorld } from '../support/world.ts';

const GIVEN = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

async function call(t: TestContext, tracing: ConfigInput['tracing'], headers: Record<string, string> = {}) {
  const world = await startWorld(t, { gateway: { config: { tracing } } });
  await world.signIn();
  const answer = await world.browser.fetch('/api/x', { headers: { ...CSRF, ...headers } });
  assert.equal(answer.status, 200);
  const [recorded] = world.upstream.requests.slice(-1);
  return { traceparent: recorded?.header('traceparent'), id: recorded?.header('x-request-id') ?? '', recorded };
}

test('by default the trace of a caller is passed on as it is, and none is begun', async (t) => {
  assert.equal((await call(t, {})).traceparent, undefined);
  const { traceparent, recorded } = await call(t, {}, { traceparent: GIVEN, tracestate: 'a=b' });
  assert.equal(traceparent, GIVEN);
  assert.equal(recorded?.header('tracestate'), 'a=b');
});

test('a trace is begun under the number that the log knows the call by', async (t) => {
  const { traceparent, id } = await call(t, { sample: 1 });
  assert.match(traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.equal(traceparent?.split('-')[1], id.replaceAll('-', ''));
});

test('a trace that is there already stays', async (t) => {
  assert.equal((await call(t, { sample: 1 }, { traceparent: GIVEN })).traceparent, GIVEN);
});

test('the share of sampled traces, and ids that are no UUID', () => {
  const begin = createBeginTrace(0.25, () => 0.25);
  const exchange = { req: { headers: {} }, id: 'named.by-a-proxy' } as Parameters<typeof begin>[0];
  assert.match(begin(exchange) ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/);
  assert.match(createBeginTrace(0.25, () => 0.24)(exchange) ?? '', /-01$/);
});
