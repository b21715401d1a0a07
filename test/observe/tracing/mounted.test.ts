/** Traces of a mounted gateway: through its own exporter, or through the SDK of the application. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { context, trace } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  StackContextManager,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { ConfigError, type ConfigInput, createGateway } from '../../../src/index.ts';
import { createBrowser } from '../../support/browser.ts';
import { startCollector } from '../../support/collector.ts';
import { newKey } from '../../support/gateway.ts';
import { freePort } from '../../support/ports.ts';
import { startProvider } from '../../support/provider.ts';
import { startUpstream } from '../../support/upstream.ts';

async function configOf(t: TestContext, tracing: ConfigInput['tracing']) {
  const provider = await startProvider();
  const upstream = await startUpstream();
  t.after(async () => {
    await upstream.close();
    await provider.stop();
  });
  const port = await freePort();
  const config: ConfigInput = {
    publicUrl: `http://localhost:${port}`,
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer: provider.issuer, clientId: provider.client.id, clientSecret: provider.client.secret },
    session: { store: { sqlite: { file: ':memory:' } } },
    development: { allowInsecureHttp: true },
    routes: [{ path: '/open/**', upstream: upstream.origin, rules: [{ token: 'none' }] }],
    tracing,
  };
  return { config, port, upstream };
}

/** Serves a gateway below an application that may do something around each request. */
async function mount(
  t: TestContext,
  { config, port }: { config: ConfigInput; port: number },
  around = (handle: () => void) => handle(),
) {
  const gateway = createGateway(config, { logTo: { write: () => {} } });
  const server = createServer((req, res) => {
    const ofApp = () =>
      void gateway.session(req).then((session) => res.end(`of the app for ${session ? 'a user' : 'all'}`));
    around(() => gateway.handler(req, res, ofApp));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  await gateway.start();
  return { gateway, url: `http://localhost:${port}` };
}

test('with a collector of its own: the last spans are exported by close, and those of the application are not', async (t) => {
  const collector = await startCollector(t);
  const prepared = await configOf(t, { otlp: collector.url, sample: 1 });
  const { gateway, url } = await mount(t, prepared);
  assert.equal(await (await fetch(`${url}/open/x`)).status, 200);
  const browser = createBrowser({ baseUrl: url });
  t.after(() => browser.close());
  await browser.navigate('/login?returnTo=/other');
  assert.equal((await browser.fetch('/other')).body, 'of the app for a user');
  await gateway.close();
  const servers = collector.spans.filter(({ kind }) => kind === 2).map(({ name }) => name);
  assert.deepEqual(servers.toSorted(), ['GET /callback', 'GET /login', 'GET /open/**']);
  // Neither has what the gateway does for a handler of the application a parent that is never exported.
  const known = new Set(collector.spans.map(({ spanId }) => spanId));
  const orphans = collector.spans.filter(({ parentId }) => parentId !== '' && !known.has(parentId));
  assert.deepEqual(
    orphans.map(({ name }) => name),
    [],
  );
});

test('tracing.global: spans go to the provider of the application, below the span that it has started', async (t) => {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const prepared = await configOf(t, { global: true });
  const server = provider.getTracer('app').startSpan('server of the app');
  const withSpan = (handle: () => void) => context.with(trace.setSpan(context.active(), server), handle);
  const { gateway, url } = await mount(t, prepared, withSpan);
  // Registered after the gateway was created, as by a framework that starts late.
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new StackContextManager().enable());
  t.after(() => {
    trace.disable();
    context.disable();
  });
  assert.equal((await fetch(`${url}/open/x`)).status, 200);
  await gateway.close();
  const spans = exporter.getFinishedSpans();
  const request = spans.find(({ name }) => name === 'GET /open/**');
  const toUpstream = spans.find(({ name }) => name === 'GET');
  assert.equal(request?.parentSpanContext?.spanId, server.spanContext().spanId);
  assert.equal(toUpstream?.parentSpanContext?.spanId, request?.spanContext().spanId);
  const traceparent = prepared.upstream.requests[0]?.header('traceparent');
  assert.equal(traceparent, `00-${server.spanContext().traceId}-${toUpstream?.spanContext().spanId}-01`);
});

test('tracing.global: without a provider of the application nothing is recorded, and requests are served', async (t) => {
  const prepared = await configOf(t, { global: true });
  const { gateway, url } = await mount(t, prepared);
  const headers = { traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` };
  assert.equal((await fetch(`${url}/open/x`, { headers })).status, 200);
  await gateway.close();
  assert.equal(prepared.upstream.requests[0]?.header('traceparent'), headers.traceparent);
});

test('tracing.global excludes an exporter and a fraction', async (t) => {
  for (const other of [{ otlp: 'http://collector:4318' }, { sample: 1 }]) {
    const { config } = await configOf(t, { global: true, ...other });
    assert.throws(
      () => createGateway(config),
      (error) => error instanceof ConfigError && /tracing\.global/.test(error.message),
    );
  }
});
