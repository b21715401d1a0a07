/** Metrics of the gateway: one method per measurement, and the output for Prometheus. */
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { ErrorCode } from '../../base/error-table.ts';
import { createAppFamilies } from './app-families.ts';
import { type AppMetrics, type ClockSkewReading, createAppMetrics, type MetricsDetail } from './app-metrics.ts';
import { createMetricFamilies, type MetricFamilies } from './families.ts';
import { createListenerMetrics, type ListenerMetrics } from './listener-metrics.ts';
import { createTargetGauges } from './target-gauges.ts';

export type { AppMetrics, MetricsDetail, ProviderMetrics } from './app-metrics.ts';
export type { RouteMeter } from './route-meters.ts';

/** The parts of readiness. */
export type Part = 'provider' | 'store' | 'frontend' | 'serving';

/** All metric values of one process. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

/** Measurements of the process, whatever app they are of. */
interface ProcessMetrics extends ListenerMetrics {
  /** Prometheus text format; `others` are the values of further processes of this gateway, which are added. */
  text(others?: readonly MetricsSnapshot[]): Promise<{ contentType: string; body: string }>;
  /** All values as plain data, for the process that serves the sum of all processes. */
  snapshot(): Promise<MetricsSnapshot>;
  countError(code: ErrorCode): void;
  observeRefreshWait(outcome: 'refreshed' | 'active' | 'ended' | 'failed', seconds: number): void;
  /** `operation` is a name of the store port. */
  observeStoreOperation(operation: string, outcome: 'ok' | 'failed', seconds: number): void;
  /** Adds a source of open requests to the gauge; the returned function removes it. */
  watchOpenRequests(read: () => number): () => void;
  /** `apps`: whether the part is ready for each app, by id, if it differs between apps; those of an earlier call are dropped. */
  setReadiness(part: Part, ready: boolean, apps?: ReadonlyMap<string, boolean>): void;
  /** Sets the digest of the configuration that this process serves. */
  setConfig(digest: string): void;
  countDroppedLogLine(): void;
  observeHook(hook: string, plugin: string, seconds: number): void;
  countHookFailure(hook: string, plugin: string, reason: string): void;
  countDroppedHookEvent(hook: string): void;
}

/** All measurements. Those of `AppMetrics` count for the app of `ofApp`, otherwise for no app. */
export interface Metrics extends ProcessMetrics, AppMetrics {
  /** The same metrics for one app, by its id; create them once per app, not per request. */
  ofApp(id: string, detail?: MetricsDetail): Metrics;
}

async function renderMetrics(registry: Registry, others: readonly MetricsSnapshot[]) {
  const { contentType } = registry;
  if (others.length === 0) return { contentType, body: await registry.metrics() };
  const all = AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]);
  return { contentType, body: await all.metrics() };
}

/** Readiness of each part: of the process, and of each app where it differs. */
type Readiness = Map<Part, { ready: boolean; apps: ReadonlyMap<string, boolean> }>;

function readinessSeries(parts: Readiness): [string[], number][] {
  return [...parts].flatMap(([part, { ready, apps }]) => [
    [[part], Number(ready)],
    ...[...apps].map(([app, isReady]): [string[], number] => [[part, app], Number(isReady)]),
  ]);
}

/** Creates what is measured once a process. */
function createProcessMetrics(registry: Registry, families: MetricFamilies): ProcessMetrics {
  const errors = families.counter('bff_errors_total');
  const waits = families.histogram('bff_refresh_wait_seconds');
  const store = families.histogram('bff_store_operation_seconds');
  const droppedLines = families.counter('bff_log_lines_dropped_total');
  const hooks = families.histogram('bff_hook_seconds');
  const hookFailures = families.counter('bff_hook_failures_total');
  const droppedEvents = families.counter('bff_hook_events_dropped_total');
  const open = new Set<() => number>();
  const parts: Readiness = new Map();
  families.gauge('bff_open_calls', () => [[[], [...open].reduce((sum, read) => sum + read(), 0)]]);
  let config: string | undefined;
  families.gauge('bff_config_processes', () => (config === undefined ? [] : [[[config], 1]]));
  families.gauge('bff_part_ready', () => readinessSeries(parts));

  return {
    ...createListenerMetrics(families),
    text: (others = []) => renderMetrics(registry, others),
    snapshot: () => registry.getMetricsAsJSON(),
    countError: (code) => void errors(code).increment(),
    observeRefreshWait: (outcome, seconds) => waits(outcome).observe(seconds),
    observeStoreOperation: (operation, outcome, seconds) => store(operation, outcome).observe(seconds),
    watchOpenRequests(read) {
      open.add(read);
      return () => void open.delete(read);
    },
    setReadiness: (part, ready, apps = new Map()) => void parts.set(part, { ready, apps }),
    setConfig(digest) {
      config = digest;
    },
    countDroppedLogLine: () => void droppedLines().increment(),
    observeHook: (hook, plugin, seconds) => hooks(hook, plugin).observe(seconds),
    countHookFailure: (hook, plugin, reason) => void hookFailures(hook, plugin, reason).increment(),
    countDroppedHookEvent: (hook) => void droppedEvents(hook).increment(),
  };
}

/** Creates the registry with every metric of the table and those of the process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const metricFamilies = createMetricFamilies(registry);
  const families = createAppFamilies(metricFamilies);
  const skews = new Set<ClockSkewReading>();
  metricFamilies.gauge('bff_provider_clock_skew_seconds', () =>
    [...skews].map(({ app, provider, seconds }) => [[app, provider], seconds]),
  );
  const watchTargets = createTargetGauges(metricFamilies);
  const process = createProcessMetrics(registry, metricFamilies);
  const ofApp = (app: string, detail?: MetricsDetail): Metrics => ({
    ...process,
    ...createAppMetrics({ families, skews, watchTargets, app, detail }),
    ofApp,
  });
  return ofApp('');
}
