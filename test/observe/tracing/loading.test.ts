/** What is loaded: nothing of the SDK without tracing, and of the exporters only the one in use. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startProcess } from '../../support/process.ts';
import { startProvider } from '../../support/provider.ts';

/** Prints each package that is loaded, in the process and in its workers. */
const WATCH = `import { registerHooks } from 'node:module';
registerHooks({ resolve(name, context, next) {
  if (name.startsWith('@opentelemetry/') && name !== '@opentelemetry/api') console.error('loads', name);
  return next(name, context);
} });`;
const nodeArgs = ['--import', `data:text/javascript,${encodeURIComponent(WATCH)}`];
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };
const PROTO = '@opentelemetry/exporter-trace-otlp-proto';
const JSON_EXPORTER = '@opentelemetry/exporter-trace-otlp-http';

test('the SDK is loaded only where spans are exported, with the exporter of the protocol', async (t) => {
  const provider = await startProvider();
  t.after(() => provider.stop());
  const output = async (env: Record<string, string>, config = {}) => {
    const gateway = await startProcess(t, { provider, config, env, nodeArgs });
    await gateway.kill();
    return gateway.output();
  };
  for (const env of [{}, { ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }, { ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }])
    assert.doesNotMatch(await output(env), /@opentelemetry/);
  assert.doesNotMatch(await output({}, { tracing: { sample: 1 } }), /@opentelemetry/);
  const protobuf = await output(ENDPOINT);
  assert.ok(protobuf.includes('loads @opentelemetry/sdk-trace') && protobuf.includes(PROTO));
  assert.ok(!protobuf.includes(JSON_EXPORTER));
  const json = await output({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' });
  assert.ok(json.includes(JSON_EXPORTER) && !json.includes(PROTO));
});
