/** Meters of routes: series are looked up once per route, so that a request only increments a number. */
import type { ErrorCode } from '../../base/error-table.ts';
import type { CounterSeries, HistogramSeries } from '../../tuning/metric-primitives.ts';
import type { MetricFamilies } from './families.ts';

export interface RouteMeter {
  /** Counts a request that the rules allowed. */
  countAllowed(): void;
  /** Counts a request that failed; a policy decision only if the code is one. */
  countError(code: ErrorCode): void;
  /** Counts the response to the client; `status` is 0 if there was none. */
  countResponse(method: string | undefined, status: number): void;
  /** Records the response head of the upstream, or 0 for none; `seconds` since the request was sent. */
  observeUpstream(status: number, seconds: number): void;
}

/** Methods with a label of their own; all others are `other`. */
export const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const OTHER = METHODS.length;
/** Classes of responses; `none` if there was no response. */
export const STATUS_CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

const methodIndex = (method: string | undefined) => {
  const index = METHODS.indexOf(method ?? '');
  return index < 0 ? OTHER : index;
};
const statusClassIndex = (status: number) => (status >= 100 && status < 600 ? Math.floor(status / 100) : 0);

/** Errors that are policy decisions: a rule denied the request, or none matched. */
export const DECISIONS = new Set<ErrorCode>([
  'unauthenticated',
  'invalid_token',
  'ambiguous_credentials',
  'step_up_required',
  'csrf_header_missing',
  'csrf_cross_site',
  'access_denied',
  'insufficient_scope',
]);

/** Creates the meters of routes and endpoints. */
export function createRouteMeters(families: MetricFamilies) {
  const requests = families.counter('bff_http_requests_total');
  const decisions = families.counter('bff_policy_decisions_total');
  const upstreams = families.histogram('bff_upstream_response_seconds');
  const rows = new Map<string, CounterSeries[]>();

  /** The series of one route or endpoint, by method and status class. */
  function seriesOf(name: string): CounterSeries[] {
    const existing = rows.get(name);
    if (existing) return existing;
    const created = [...METHODS, 'other'].flatMap((method) =>
      STATUS_CLASSES.map((status) => requests(name, method, status)),
    );
    rows.set(name, created);
    return created;
  }

  function count(row: readonly CounterSeries[], method: string | undefined, status: number): void {
    const series = row[methodIndex(method) * STATUS_CLASSES.length + statusClassIndex(status)];
    if (series) series.increment();
  }

  function routeMeter(pattern: string): RouteMeter {
    const row = seriesOf(pattern);
    const allowed = decisions(pattern, 'allowed');
    const byClass: readonly HistogramSeries[] = STATUS_CLASSES.map((status) => upstreams(pattern, status));
    return {
      countAllowed: () => void allowed.increment(),
      countError: (code) => void (DECISIONS.has(code) && decisions(pattern, code).increment()),
      countResponse: (method, status) => count(row, method, status),
      observeUpstream: (status, seconds) => byClass[statusClassIndex(status)]?.observe(seconds),
    };
  }

  return {
    routeMeter,
    countResponse: (name: string, method: string | undefined, status: number) => count(seriesOf(name), method, status),
  };
}
