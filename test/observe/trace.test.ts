/** Tracing: trace context to upstreams and spans for a collector; off by default, with route, method and status only. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { readTraceparent } from '../../src/observe/trace.ts';
import { until } from '../support/wait.ts';
import { CSRF, startWorld } from '../support/world.ts';

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

interface SentSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, string> }[];
}

/** A collector that records what it receives. */
async function startCollector(t: TestContext) {
  const spans: SentSpan[] = [];
  let text = '';
  const server = createServer(async (req, res) => {
    assert.equal(req.url, '/v1/traces');
    let body = '';
    for await (const chunk of req) body += chunk;
    text += body;
    spans.push(...JSON.parse(body).resourceSpans[0].scopeSpans[0].spans);
    res.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { otlp: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, text: () => text };
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

test('with a collector the gateway adds a span between client and upstream', async (t) => {
  const { otlp, spans, text } = await startCollector(t);
  const { traceparent, world } = await sendRequest(t, { otlp }, { traceparent: INCOMING });
  await world.gateway.stop();
  const [span] = spans;
  assert.equal(spans.length, 1);
  assert.equal(span?.traceId, TRACE);
  assert.equal(span?.parentSpanId, PARENT);
  assert.equal(traceparent, `00-${TRACE}-${span?.spanId}-01`);
  assert.equal(span?.name, 'GET /api/**');
  assert.ok(BigInt(span?.endTimeUnixNano ?? 0) > BigInt(span?.startTimeUnixNano ?? 0));
  assert.match(span?.startTimeUnixNano ?? '', /^\d{19}$/);
  const attributes = Object.fromEntries(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ?? []);
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.route': '/api/**',
    'http.response.status_code': '200',
  });
  assert.doesNotMatch(text(), /canary/);
  for (const secret of world.provider.secrets.keys()) assert.ok(!text().includes(secret));
});

test('unsampled spans are not exported; an unavailable collector only causes a warning', async (t) => {
  const { otlp, spans } = await startCollector(t);
  const { world } = await sendRequest(t, { otlp, sample: 0 });
  await world.gateway.stop();
  assert.equal(spans.length, 0);
  const failing = await sendRequest(t, { otlp: 'http://127.0.0.1:1', sample: 1 });
  await until(() => failing.world.gateway.logText().includes('failed to export spans'));
  assert.equal((await failing.world.api()).status, 200);
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
