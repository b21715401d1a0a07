/** Metrics of the gateway: one method per measurement, and the output for Prometheus. */
import {
  AggregatorRegistry,
  collectDefaultMetrics,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { ErrorCode } from '../../base/error-table.ts';
import type { CounterSeries } from '../../tuning/metric-primitives.ts';
import type { AuditDetails, AuditEvent } from '../audit.ts';
import { createAuditCounter } from './audit-counter.ts';
import { createMetricFamilies } from './families.ts';
import { createRouteMeters, type RouteMeter } from './route-meters.ts';

export type { RouteMeter } from './route-meters.ts';

/** Values of the label `endpoint`. */
export const PROVIDER_ENDPOINTS = [
  'discovery',
  'jwks',
  'token',
  'userinfo',
  'revocation',
  'introspection',
  'par',
  'other',
] as const;
export type ProviderEndpoint = (typeof PROVIDER_ENDPOINTS)[number];
export type ProviderOutcome = 'ok' | 'refused' | 'error' | 'timeout' | 'unreachable';

/** The parts of readiness. */
export type Part = 'provider' | 'store' | 'serving';

/** All metric values of one process. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

export interface Metrics {
  /** Prometheus text format; `others` are the values of further processes of this gateway, which are added. */
  text(others?: readonly MetricsSnapshot[]): Promise<{ contentType: string; body: string }>;
  /** All values as plain data, for the process that serves the sum of all processes. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Counts an event of the audit log. */
  countAuditEvent(event: AuditEvent, details: Pick<AuditDetails, 'reason' | 'route'>): void;
  /** The meter of one route; create it once per route, not per request. */
  routeMeter(pattern: string): RouteMeter;
  /** Counts a response outside routes: `name` is an endpoint of the gateway, `frontend` or `none`. */
  countResponse(name: string, method: string | undefined, status: number): void;
  countError(code: ErrorCode): void;
  /** Counts bytes that an upstream sent beyond a response; `route` is its path pattern. */
  countUpstreamSurplus(route: string): void;
  observeRefreshWait(outcome: 'refreshed' | 'active' | 'ended' | 'failed', seconds: number): void;
  observeProviderRequest(endpoint: ProviderEndpoint, outcome: ProviderOutcome, seconds: number): void;
  /** The difference of the clocks in seconds; positive when the provider is ahead. */
  setClockSkew(seconds: number): void;
  /** `operation` is a name of the store port. */
  observeStoreOperation(operation: string, outcome: 'ok' | 'failed', seconds: number): void;
  /** Counters of the session cache: `sessionCache.hit.increment()`. */
  readonly sessionCache: { readonly hit: CounterSeries; readonly miss: CounterSeries };
  /** Adds a source of open requests to the gauge; the returned function removes it. */
  watchOpenRequests(read: () => number): () => void;
  setReadiness(part: Part, ready: boolean): void;
  countReload(outcome: 'applied' | 'refused'): void;
  /** Sets the digest of the configuration that this process serves. */
  setConfig(digest: string): void;
  countDroppedLogLine(): void;
}

async function renderMetrics(registry: Registry, others: readonly MetricsSnapshot[]) {
  const { contentType } = registry;
  if (others.length === 0) return { contentType, body: await registry.metrics() };
  const all = AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]);
  return { contentType, body: await all.metrics() };
}

/** Creates the registry with every metric of the table and those of the process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const families = createMetricFamilies(registry);
  const { routeMeter, countResponse } = createRouteMeters(families);
  const surplus = families.counter('bff_upstream_surplus_total');
  const errors = families.counter('bff_errors_total');
  const waits = families.histogram('bff_refresh_wait_seconds');
  const provider = families.histogram('bff_provider_request_seconds');
  const store = families.histogram('bff_store_operation_seconds');
  const lookups = families.counter('bff_session_cache_lookups_total');
  const reloads = families.counter('bff_config_reloads_total');
  const droppedLines = families.counter('bff_log_lines_dropped_total');
  const countAuditEvent = createAuditCounter(families);
  const open = new Set<() => number>();
  const parts = new Map<Part, boolean>();
  let clockSkew: number | undefined;
  families.gauge('bff_open_calls', () => [[[], [...open].reduce((sum, read) => sum + read(), 0)]]);
  let config: string | undefined;
  families.gauge('bff_config_processes', () => (config === undefined ? [] : [[[config], 1]]));
  families.gauge('bff_provider_clock_skew_seconds', () => (clockSkew === undefined ? [] : [[[], clockSkew]]));
  families.gauge('bff_part_ready', () => [...parts].map(([part, ready]) => [[part], ready ? 1 : 0]));

  return {
    text: (others = []) => renderMetrics(registry, others),
    snapshot: () => registry.getMetricsAsJSON(),
    countAuditEvent,
    routeMeter,
    countResponse,
    countUpstreamSurplus: (route) => void surplus(route).increment(),
    countError: (code) => void errors(code).increment(),
    observeRefreshWait: (outcome, seconds) => waits(outcome).observe(seconds),
    observeProviderRequest: (endpoint, outcome, seconds) => provider(endpoint, outcome).observe(seconds),
    setClockSkew(seconds) {
      clockSkew = seconds;
    },
    observeStoreOperation: (operation, outcome, seconds) => store(operation, outcome).observe(seconds),
    sessionCache: { hit: lookups('hit'), miss: lookups('miss') },
    watchOpenRequests(read) {
      open.add(read);
      return () => void open.delete(read);
    },
    setReadiness: (part, ready) => void parts.set(part, ready),
    countReload: (outcome) => void reloads(outcome).increment(),
    setConfig(digest) {
      config = digest;
    },
    countDroppedLogLine: () => void droppedLines().increment(),
  };
}
