/** Trace context towards upstreams, and spans for a collector: nothing by default, and never more than route, method and status. */
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
const GIVEN = `00-${TRACE}-${PARENT}-01`;

async function call(t: TestContext, tracing: ConfigInput['tracing'], headers: Record<string, string> = {}) {
  const world = await startWorld(t, { gateway: { config: { tracing } } });
  await world.signIn();
  const answer = await world.browser.fetch('/api/canary-path?canary=1', { headers: { ...CSRF, ...headers } });
  assert.equal(answer.status, 200);
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

/** A collector that keeps what it is sent. */
async function collector(t: TestContext) {
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

test('by default the trace of a caller is passed on as it is, and none is begun', async (t) => {
  assert.equal((await call(t, {})).traceparent, undefined);
  const { traceparent, recorded } = await call(t, {}, { traceparent: GIVEN, tracestate: 'a=b' });
  assert.equal(traceparent, GIVEN);
  assert.equal(recorded?.header('tracestate'), 'a=b');
});

test('a trace is begun under the number that the log knows the call by, one that is there stays', async (t) => {
  const { traceparent, id } = await call(t, { sample: 1 });
  assert.match(traceparent ?? '', /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/);
  assert.equal(traceparent?.split('-')[1], id);
  assert.match((await call(t, { sample: 0 })).traceparent ?? '', /-00$/);
  assert.equal((await call(t, { sample: 1 }, { traceparent: GIVEN })).traceparent, GIVEN);
  const broken = (await call(t, { sample: 1 }, { traceparent: '00-0-0-00' })).traceparent ?? '';
  assert.match(broken, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/, 'and one that does not hold is replaced');
});

test('with a collector the gateway is a span between the caller and the upstream', async (t) => {
  const { otlp, spans, text } = await collector(t);
  const { traceparent, world } = await call(t, { otlp }, { traceparent: GIVEN });
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

test('what is not sampled is not sent; a collector that is out costs a warning and nothing else', async (t) => {
  const { otlp, spans } = await collector(t);
  const { world } = await call(t, { otlp, sample: 0 });
  await world.gateway.stop();
  assert.equal(spans.length, 0);
  const out = await call(t, { otlp: 'http://127.0.0.1:1', sample: 1 });
  await until(() => out.world.gateway.logText().includes('spans could not be sent'));
  assert.equal((await out.world.api()).status, 200);
});

test('a traceparent is read strictly', () => {
  assert.deepEqual(readTraceparent(GIVEN), { traceId: TRACE, parentId: PARENT, sampled: true });
  for (const bad of [
    undefined,
    '',
    `ff-${TRACE}-${PARENT}-01`,
    `00-${'0'.repeat(32)}-${PARENT}-01`,
    `00-${TRACE}-${'0'.repeat(16)}-01`,
    `00-${TRACE.toUpperCase()}-${PARENT}-01`,
    `${GIVEN}x`,
  ])
    assert.equal(readTraceparent(bad), undefined, String(bad));
});
