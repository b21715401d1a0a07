/** The variables of OpenTelemetry on a running gateway: where spans go, in which form, under which name, and which of them. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { startCollector } from '../../support/collector.ts';
import { withVariables } from '../../support/variables.ts';
import { startWorld } from '../../support/world.ts';

/** Requests something of a gateway with these variables, and stops it. */
async function run(t: TestContext, variables: Record<string, string>, tracing: ConfigInput['tracing'] = {}) {
  withVariables(t, variables);
  const world = await startWorld(t, { gateway: { config: { tracing } } });
  await world.signIn();
  await world.api();
  await world.gateway.stop();
  return world;
}

test('an endpoint is enough: every trace is exported as protobuf to its path, with the headers of the variables', async (t) => {
  const collector = await startCollector(t);
  await run(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otel`,
    OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=seven,authorization=Basic%20Zm9v',
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_SERVICE_NAME: 'shop-gateway',
    OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.version=9',
  });
  const [request] = collector.requests;
  assert.equal(request?.path, '/otel/v1/traces');
  assert.equal(request?.headers['content-type'], 'application/x-protobuf');
  assert.equal(request?.headers['content-encoding'], 'gzip');
  assert.equal(request?.headers['x-tenant'], 'seven');
  assert.equal(request?.headers.authorization, 'Basic Zm9v');
  assert.equal(collector.named('GET /api/**').length, 1);
  const { resource = {} } = collector.spans[0] ?? {};
  assert.equal(resource['service.name'], 'shop-gateway');
  assert.equal(resource['service.version'], '9');
  assert.equal(resource['deployment.environment.name'], 'test');
  assert.match(String(resource['service.instance.id']), /^[0-9a-f-]{36}$/);
});

test('http/json to the exact URL of the traces endpoint', async (t) => {
  const collector = await startCollector(t);
  await run(t, {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/exact`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
  });
  assert.equal(collector.requests[0]?.path, '/exact');
  assert.equal(collector.requests[0]?.headers['content-type'], 'application/json');
  const [server] = collector.named('GET /api/**');
  assert.ok(collector.spans.some(({ parentId, name }) => name === 'GET' && parentId === server?.spanId));
  assert.equal(server?.attributes['http.response.status_code'], 200);
});

test('the options of the configuration take precedence over the variables', async (t) => {
  const collector = await startCollector(t);
  const other = await startCollector(t);
  const variables = { OTEL_EXPORTER_OTLP_ENDPOINT: other.url, OTEL_TRACES_SAMPLER: 'always_off' };
  await run(t, variables, { otlp: collector.url, sample: 1 });
  assert.equal(collector.named('GET /api/**').length, 1);
  assert.equal(other.requests.length, 0);
});

test('the sampler decides which traces are exported', async (t) => {
  const collector = await startCollector(t);
  const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
  for (const sampler of ['always_off', 'parentbased_always_off', 'traceidratio', 'parentbased_traceidratio'])
    await run(t, { ...endpoint, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: '0' });
  assert.equal(collector.spans.length, 0);
  await run(t, { ...endpoint, OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '1' });
  assert.equal(collector.named('GET /api/**').length, 1);
});

test('a limit for the length of attributes holds', async (t) => {
  const collector = await startCollector(t);
  await run(t, { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3' });
  assert.equal(collector.named('GET /api/**')[0]?.attributes['http.route'], '/ap');
});

test('OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER=none switch it off', async (t) => {
  const collector = await startCollector(t);
  const off = await run(t, { OTEL_SDK_DISABLED: 'true' }, { otlp: collector.url, sample: 1 });
  assert.equal(off.upstream.requests[0]?.header('traceparent'), undefined);
  await run(t, {
    OTEL_SDK_DISABLED: 'false',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_TRACES_EXPORTER: 'none',
  });
  assert.equal(collector.requests.length, 0);
});

test('a variable that cannot be used is named in the log, and everything else holds', async (t) => {
  const collector = await startCollector(t);
  const world = await run(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere/ca.pem',
  });
  const log = world.gateway.logText();
  for (const name of ['OTEL_EXPORTER_OTLP_PROTOCOL: grpc', 'OTEL_TRACES_SAMPLER', 'OTEL_EXPORTER_OTLP_CERTIFICATE'])
    assert.ok(log.includes(name), name);
  assert.equal(collector.named('GET /api/**').length, 1);
});
