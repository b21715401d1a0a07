/** Trace context of clients and upstreams: passed on by default, started or continued if tracing is configured. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { readTraceparent } from '../../../src/observe/tracing/traceparent.ts';
import { startCollector } from '../../support/collector.ts';
import { withVariables } from '../../support/variables.ts';
import { CSRF, startWorld } from '../../support/world.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';
const INCOMING = `00-${TRACE}-${PARENT}-01`;

async function sendRequest(t: TestContext, tracing: ConfigInput['tracing'], headers: Record<string, string> = {}) {
  const world = await startWorld(t, { gateway: { config: { tracing } } });
  await world.signIn();
  const response = await world.browser.fetch('/api/canary-path?canary=1', { headers: { ...CSRF, ...headers } });
  assert.equal(response.status, 200);
  const [recorded] = world.upstream.requests.slice(-1);
  return { traceparent: recorded?.header('traceparent'), id: recorded?.header('x-request-id') ?? '', recorded, world };
}

test('by default the trace of a client is passed on unchanged, and none is started', async (t) => {
  assert.equal((await sendRequest(t, {})).traceparent, undefined);
  const { traceparent, recorded } = await sendRequest(t, {}, { traceparent: INCOMING, tracestate: 'a=b' });
  assert.equal(traceparent, INCOMING);
  assert.equal(recorded?.header('tracestate'), 'a=b');
});

test('a new trace has the request ID as its ID, and an existing trace is kept', async (t) => {
  const { traceparent, id } = await sendRequest(t, { sample: 1 });
  assert.match(traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.equal(traceparent?.split('-')[1], id);
  assert.match((await sendRequest(t, { sample: 0 })).traceparent ?? '', /-00$/);
  assert.equal((await sendRequest(t, { sample: 1 }, { traceparent: INCOMING })).traceparent, INCOMING);
  const broken = (await sendRequest(t, { sample: 1 }, { traceparent: '00-0-0-00' })).traceparent ?? '';
  assert.match(broken, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, 'an invalid trace is replaced');
});

test('with a collector the trace of the client goes on at the upstream, below the span of the request to it', async (t) => {
  const collector = await startCollector(t);
  const headers = { traceparent: INCOMING, tracestate: 'a=b', baggage: 'tenant=7' };
  const { traceparent, recorded, id, world } = await sendRequest(t, { otlp: collector.url }, headers);
  await world.gateway.stop();
  const [server] = collector.named('GET /api/**');
  const [client] = collector.named('GET');
  assert.equal(server?.traceId, TRACE);
  assert.equal(server?.parentId, PARENT);
  assert.equal(client?.parentId, server?.spanId);
  assert.equal(traceparent, `00-${TRACE}-${client?.spanId}-01`);
  assert.equal(recorded?.header('tracestate'), 'a=b');
  assert.equal(recorded?.header('baggage'), 'tenant=7');
  assert.equal(server?.attributes['bff.request.id'], id);
  assert.deepEqual(collector.named('GET /login'), [], 'the gateway starts no traces');
});

test('with a collector and a fraction the gateway starts traces, whose ID is that of the request', async (t) => {
  const collector = await startCollector(t);
  const { traceparent, id, world } = await sendRequest(t, { otlp: collector.url, sample: 1 });
  await world.gateway.stop();
  const [server] = collector.named('GET /api/**');
  assert.equal(server?.traceId, id);
  assert.equal(server?.parentId, '');
  assert.equal(traceparent?.split('-')[1], id);
  assert.ok((server?.end ?? 0n) > (server?.start ?? 0n));
});

test('a trace that is not sampled is not exported, and goes on at the upstream as it is', async (t) => {
  const collector = await startCollector(t);
  const started = await sendRequest(t, { otlp: collector.url, sample: 0 });
  assert.match(started.traceparent ?? '', new RegExp(`^00-${started.id}-[0-9a-f]{16}-00$`));
  const joined = await sendRequest(t, { otlp: collector.url, sample: 1 }, { traceparent: `00-${TRACE}-${PARENT}-00` });
  assert.match(joined.traceparent ?? '', new RegExp(`^00-${TRACE}-[0-9a-f]{16}-00$`));
  await started.world.gateway.stop();
  await joined.world.gateway.stop();
  assert.deepEqual(collector.named('GET'), []);
  assert.ok(!collector.spans.some(({ traceId }) => traceId === TRACE));
});

test('OTEL_PROPAGATORS adds B3 and can leave out W3C, whose header then passes as it came', async (t) => {
  const collector = await startCollector(t);
  withVariables(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_PROPAGATORS: 'b3' });
  const headers = { b3: `${TRACE}-${PARENT}-1`, traceparent: INCOMING.replace(PARENT, '1111111111111111') };
  const { recorded, traceparent, world } = await sendRequest(t, {}, headers);
  await world.gateway.stop();
  const [client] = collector.named('GET');
  assert.equal(collector.named('GET /api/**')[0]?.parentId, PARENT);
  assert.equal(recorded?.header('b3'), `${TRACE}-${client?.spanId}-1`);
  assert.equal(traceparent, headers.traceparent);

  withVariables(t, { OTEL_PROPAGATORS: 'tracecontext,b3multi' });
  const multi = (await sendRequest(t, {}, { 'X-B3-TraceId': TRACE, 'X-B3-SpanId': PARENT, 'X-B3-Sampled': '1' }))
    .recorded;
  assert.equal(multi?.header('x-b3-traceid'), TRACE);
  assert.notEqual(multi?.header('x-b3-spanid'), PARENT);
  assert.equal(multi?.header('traceparent'), `00-${TRACE}-${multi?.header('x-b3-spanid')}-01`);
});

test('traceparent is parsed strictly', () => {
  assert.deepEqual(readTraceparent(INCOMING), { traceId: TRACE, parentId: PARENT, sampled: true });
  for (const bad of [
    undefined,
    '',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `${INCOMING}x`,
  ])
    assert.equal(readTraceparent(bad), undefined, String(bad));
});
