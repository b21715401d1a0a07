/** The metrics as the rest of the gateway sees them: one method for each thing that can happen. */
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
import { createAuditCounts } from './audited.ts';
import { createMetricFamilies } from './families.ts';
import { createRouteMeters, type RouteMeter } from './routes.ts';

export type { RouteMeter } from './routes.ts';

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

/** The parts that readiness looks at. */
export type Part = 'provider' | 'store' | 'serving';

/** What one process counted. */
export type MetricsSnapshot = MetricObjectWithValues<MetricValue<string>>[];

export interface Metrics {
  /** In the text format of Prometheus; `others`: what other processes of this gateway counted, to be added. */
  text(others?: readonly MetricsSnapshot[]): Promise<{ contentType: string; body: string }>;
  /** All values as plain data, for the process that tells those of all. */
  snapshot(): Promise<MetricsSnapshot>;
  /** Counts what the audit log is told of. */
  countAuditEvent(event: AuditEvent, details: Pick<AuditDetails, 'reason' | 'route'>): void;
  /** What counts the calls of one route; for the life of the gateway, not for each call. */
  routeMeter(pattern: string): RouteMeter;
  /** An answer that no route gave: `name` is an own endpoint, `frontend` or `none`. */
  countResponse(name: string, method: string | undefined, status: number): void;
  countError(code: ErrorCode): void;
  observeRefreshWait(outcome: 'refreshed' | 'active' | 'ended' | 'failed', seconds: number): void;
  observeProviderRequest(endpoint: ProviderEndpoint, outcome: ProviderOutcome, seconds: number): void;
  /** `operation` is a name of the storage port. */
  observeStoreOperation(operation: string, outcome: 'ok' | 'failed', seconds: number): void;
  /** For the cache of sessions: `sessionCache.hit.add()`. */
  readonly sessionCache: { readonly hit: CounterSeries; readonly miss: CounterSeries };
  /** Adds calls under way to the sum that is shown; the returned function takes them out again. */
  watchOpenRequests(read: () => number): () => void;
  setReadiness(part: Part, ready: boolean): void;
  countReload(outcome: 'applied' | 'refused'): void;
}

/** Builds the registry with every metric of the table, and those of the process. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const of = createMetricFamilies(registry);
  const { meter, answered: countResponse } = createRouteMeters(of);
  const errors = of.counter('bff_errors_total');
  const waits = of.timing('bff_refresh_wait_seconds');
  const provider = of.timing('bff_provider_request_seconds');
  const store = of.timing('bff_store_operation_seconds');
  const lookups = of.counter('bff_session_cache_lookups_total');
  const reloads = of.counter('bff_config_reloads_total');
  const countAuditEvent = createAuditCounts(of);
  const open = new Set<() => number>();
  const parts = new Map<Part, boolean>();
  of.gauge('bff_open_calls', () => [[[], [...open].reduce((sum, read) => sum + read(), 0)]]);
  of.gauge('bff_part_ready', () => [...parts].map(([part, ready]) => [[part], ready ? 1 : 0]));

  return {
    async text(others = []) {
      const { contentType } = registry;
      if (others.length === 0) return { contentType, body: await registry.metrics() };
      const all = AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others]);
      return { contentType, body: await all.metrics() };
    },
    snapshot: () => registry.getMetricsAsJSON(),
    countAuditEvent,
    routeMeter: meter,
    countResponse,
    countError: (code) => void errors(code).increment(),
    observeRefreshWait: (outcome, seconds) => waits(outcome).observe(seconds),
    observeProviderRequest: (endpoint, outcome, seconds) => provider(endpoint, outcome).observe(seconds),
    observeStoreOperation: (operation, outcome, seconds) => store(operation, outcome).observe(seconds),
    sessionCache: { hit: lookups('hit'), miss: lookups('miss') },
    watchOpenRequests(read) {
      open.add(read);
      return () => void open.delete(read);
    },
    setReadiness: (part, ready) => void parts.set(part, ready),
    countReload: (outcome) => void reloads(outcome).increment(),
  };
}
