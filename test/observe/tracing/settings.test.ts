/** Tracing settings from options and variables: what each combination means, and what is wrong with a variable. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Config } from '../../../src/config/schema/schema.ts';
import { readTracingSettings } from '../../../src/observe/tracing/settings.ts';

const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' };
const read = (env: Record<string, string>, tracing: Partial<Config['tracing']> = {}) =>
  readTracingSettings({ global: false, ...tracing }, env);

function exported(env: Record<string, string>, tracing: Partial<Config['tracing']> = {}) {
  const { settings } = read(env, tracing);
  assert.equal(settings.kind, 'export');
  return settings.kind === 'export' ? settings : assert.fail();
}

test('without an option and a variable nothing is traced, and empty variables are none', () => {
  for (const env of [{}, { OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_TRACES_EXPORTER: ' ' }, { OTEL_SERVICE_NAME: 'x' }])
    assert.deepEqual(read(env), { settings: { kind: 'off' }, problems: [] });
});

test('an exporter by option, endpoint or name; `none` and OTEL_SDK_DISABLED switch it off', () => {
  const otlp = 'http://collector:4318/';
  assert.equal(exported({}, { otlp }).url, 'http://collector:4318/v1/traces');
  assert.equal(exported(ENDPOINT).url, undefined);
  assert.equal(exported({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://x/y' }).exporter, 'otlp');
  assert.equal(exported({ OTEL_TRACES_EXPORTER: 'otlp' }).exporter, 'otlp');
  assert.equal(exported({ OTEL_TRACES_EXPORTER: 'console' }).exporter, 'console');
  assert.equal(read({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }).settings.kind, 'off');
  assert.equal(exported({ OTEL_TRACES_EXPORTER: 'none' }, { otlp }).exporter, 'otlp');
  assert.deepEqual(read({}, { sample: 0.5 }).settings, { kind: 'start', sample: 0.5 });
  for (const tracing of [{ otlp }, { sample: 1 }, { global: true }])
    assert.equal(read({ OTEL_SDK_DISABLED: 'TRUE' }, tracing).settings.kind, 'off');
});

test('which traces start here: with an option none without a fraction, with variables all', () => {
  const otlp = 'http://collector:4318';
  assert.deepEqual(exported({}, { otlp }).sampler, { name: 'parentbased_always_off', ratio: 1 });
  assert.equal(exported({}, { otlp }).startsTraces, false);
  assert.deepEqual(exported({}, { otlp, sample: 0.1 }).sampler, { name: 'parentbased_traceidratio', ratio: 0.1 });
  assert.equal(exported({}, { otlp, sample: 0.1 }).startsTraces, true);
  assert.deepEqual(exported(ENDPOINT).sampler, { name: 'parentbased_always_on', ratio: 1 });
  const named = exported({ OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0.25' }, { otlp });
  assert.deepEqual([named.sampler, named.startsTraces], [{ name: 'traceidratio', ratio: 0.25 }, true]);
});

test('protocol, propagators, limits and batches', () => {
  assert.equal(exported(ENDPOINT).protocol, 'http/protobuf');
  assert.equal(exported({ ...ENDPOINT, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' }).protocol, 'http/json');
  const specific = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf' };
  assert.equal(exported({ ...ENDPOINT, ...specific }).protocol, 'http/protobuf');
  assert.deepEqual(exported(ENDPOINT).propagators, ['tracecontext', 'baggage']);
  assert.deepEqual(exported({ ...ENDPOINT, OTEL_PROPAGATORS: 'b3, b3multi,b3' }).propagators, ['b3', 'b3multi']);
  assert.deepEqual(exported({ ...ENDPOINT, OTEL_PROPAGATORS: 'none' }).propagators, []);
  assert.deepEqual(exported(ENDPOINT).batch, {});
  const batch = {
    OTEL_BSP_SCHEDULE_DELAY: '100',
    OTEL_BSP_EXPORT_TIMEOUT: '2000',
    OTEL_BSP_MAX_QUEUE_SIZE: '10',
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '5',
  };
  assert.deepEqual(exported({ ...ENDPOINT, ...batch }).batch, {
    scheduledDelayMillis: 100,
    exportTimeoutMillis: 2000,
    maxQueueSize: 10,
    maxExportBatchSize: 5,
  });
  const limits = {
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '30',
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '20',
    OTEL_ATTRIBUTE_COUNT_LIMIT: '7',
  };
  assert.deepEqual(exported({ ...ENDPOINT, ...limits }).spanLimits, {
    attributeValueLengthLimit: 20,
    attributeCountLimit: 7,
  });
});

test('each unusable variable is named, with what it should be, and counts as absent', () => {
  const cases: Record<string, [value: string, expected: RegExp]> = {
    OTEL_TRACES_SAMPLER: [
      'sometimes',
      /expected one of always_on, .*parentbased_traceidratio; the variable is ignored$/,
    ],
    OTEL_TRACES_SAMPLER_ARG: ['2', /expected a number between 0 and 1/],
    OTEL_TRACES_EXPORTER: ['zipkin', /expected one of otlp, console, none/],
    OTEL_PROPAGATORS: ['tracecontext,jaeger', /expected tracecontext, .* or none; "jaeger" is ignored/],
    OTEL_EXPORTER_OTLP_PROTOCOL: ['grpc', /grpc is not supported; spans are sent as http\/protobuf.*4318/],
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: ['collector:4318', /expected an absolute http:\/\/ or https:\/\/ URL/],
    OTEL_EXPORTER_OTLP_CLIENT_KEY: ['/nowhere/key.pem', /cannot read the file \(ENOENT/],
    OTEL_BSP_MAX_QUEUE_SIZE: ['0', /expected a number of at least 1/],
    OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: ['many', /expected a number of at least 0/],
  };
  for (const [name, [value, expected]] of Object.entries(cases)) {
    const { problems } = read({ ...ENDPOINT, [name]: value });
    assert.equal(problems.length, 1, name);
    assert.ok(problems[0]?.startsWith(`${name}: `), problems[0]);
    assert.match(problems[0] ?? '', expected);
  }
});
