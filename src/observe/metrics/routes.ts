/** What is counted for each call of a route: the series are found once, a call only adds to a number. */
import type { ErrorCode } from '../../base/error-table.ts';
import type { CounterSeries, HistogramSeries } from '../../tuning/metric-primitives.ts';
import type { MetricFamilies } from './families.ts';

export interface RouteMeter {
  /** A call was let in. */
  countAllowed(): void;
  /** A call ended with an error; counts as a decision if it is one. */
  countError(code: ErrorCode): void;
  /** What the client got; 0 when it got nothing. */
  countResponse(method: string | undefined, status: number): void;
  /** The head of an answer of the upstream, or 0 for none; `seconds` since the call was sent. */
  observeUpstream(status: number, seconds: number): void;
}

const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
const OTHER = METHODS.length;
const CLASSES = ['none', '1xx', '2xx', '3xx', '4xx', '5xx'] as const;

const methodAt = (method: string | undefined) => {
  const at = METHODS.indexOf(method ?? '');
  return at < 0 ? OTHER : at;
};
const classAt = (status: number) => (status >= 100 && status < 600 ? Math.floor(status / 100) : 0);

/** The errors that say that a rule, or the want of one, decided against a call. */
const DECISIONS = new Set<ErrorCode>([
  'unauthenticated',
  'invalid_token',
  'ambiguous_credentials',
  'step_up_required',
  'csrf_header_missing',
  'csrf_cross_site',
  'access_denied',
  'insufficient_scope',
]);

/** Builds the meters on their families of series. */
export function createRouteMeters(of: MetricFamilies) {
  const requests = of.counter('bff_http_requests_total');
  const decisions = of.counter('bff_policy_decisions_total');
  const upstreams = of.timing('bff_upstream_response_seconds');
  const rows = new Map<string, CounterSeries[]>();

  /** Requests of one name, by method and class. */
  function rowOf(name: string): CounterSeries[] {
    const known = rows.get(name);
    if (known) return known;
    const made = [...METHODS, 'other'].flatMap((method) => CLASSES.map((status) => requests(name, method, status)));
    rows.set(name, made);
    return made;
  }

  function count(row: readonly CounterSeries[], method: string | undefined, status: number): void {
    const series = row[methodAt(method) * CLASSES.length + classAt(status)];
    if (series) series.increment();
  }

  function meter(pattern: string): RouteMeter {
    const row = rowOf(pattern);
    const allowed = decisions(pattern, 'allowed');
    const byClass: readonly HistogramSeries[] = CLASSES.map((status) => upstreams(pattern, status));
    return {
      countAllowed: () => void allowed.increment(),
      countError: (code) => void (DECISIONS.has(code) && decisions(pattern, code).increment()),
      countResponse: (method, status) => count(row, method, status),
      observeUpstream: (status, seconds) => byClass[classAt(status)]?.observe(seconds),
    };
  }

  return {
    meter,
    answered: (name: string, method: string | undefined, status: number) => count(rowOf(name), method, status),
  };
}
