/** Meters of routes: series are looked up once per route, so that a request only increments a number. */
import type { ErrorCode } from '../../base/error-table.ts';
import type { CounterSeries, HistogramSeries } from '../../tuning/metric-primitives.ts';
import type { AppFamilies } from './app-families.ts';

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

/** Values of the label `method`: methods, and `other` for all others. */
export const METHODS: readonly string[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'other'];
const OTHER = METHODS.length - 1;
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

/** The labels of an app: its id, and what stands in the label `route`. */
export interface AppLabels {
  readonly app: string;
  readonly routeLabel: (route: string) => string;
}

/** The series of one route or endpoint by method and status class, each created when it gets its first value. */
type Row = (CounterSeries | undefined)[];

/** Creates the meters of the routes and endpoints of an app. */
export function createRouteMeters(families: AppFamilies, { app, routeLabel }: AppLabels) {
  const { requests, decisions, upstreams } = families;
  const rows = new Map<string, Row>();

  function rowOf(label: string): Row {
    const existing = rows.get(label);
    if (existing) return existing;
    const created: Row = Array.from({ length: METHODS.length * STATUS_CLASSES.length }, () => undefined);
    rows.set(label, created);
    return created;
  }

  function count(row: Row, label: string, method: string | undefined, status: number): void {
    const [inMethods, inClasses] = [methodIndex(method), statusClassIndex(status)];
    const index = inMethods * STATUS_CLASSES.length + inClasses;
    row[index] ??= requests(app, label, METHODS[inMethods] ?? '', STATUS_CLASSES[inClasses] ?? '');
    row[index]?.increment();
  }

  function routeMeter(pattern: string): RouteMeter {
    const label = routeLabel(pattern);
    const row = rowOf(label);
    const allowed = decisions(app, label, 'allowed');
    const byClass: (HistogramSeries | undefined)[] = STATUS_CLASSES.map(() => undefined);
    return {
      countAllowed: () => void allowed.increment(),
      countError: (code) => void (DECISIONS.has(code) && decisions(app, label, code).increment()),
      countResponse: (method, status) => count(row, label, method, status),
      observeUpstream(status, seconds) {
        const index = statusClassIndex(status);
        byClass[index] ??= upstreams(app, label, STATUS_CLASSES[index] ?? '');
        byClass[index]?.observe(seconds);
      },
    };
  }

  return {
    routeMeter,
    countResponse(name: string, method: string | undefined, status: number) {
      const label = routeLabel(name);
      count(rowOf(label), label, method, status);
    },
  };
}
