/** Measurements of one app: every series carries the id of the app, which is bound here and costs a request nothing. */
import type { CertificateOutcome } from '../../certificate/reader.ts';
import type { CounterSeries } from '../../tuning/metric-primitives.ts';
import type { AuditDetails, AuditEvent } from '../audit.ts';
import type { AppFamilies } from './app-families.ts';
import { createAuditCounter } from './audit-counter.ts';
import { createRouteMeters, type RouteMeter } from './route-meters.ts';
import type { TargetsReading, WatchTargets } from './target-gauges.ts';

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

/** Whether the label `route` is filled (`route`) or left empty (`app`). */
export type MetricsDetail = 'route' | 'app';

/** Measurements of one provider. */
export interface ProviderMetrics {
  observeProviderRequest(endpoint: ProviderEndpoint, outcome: ProviderOutcome, seconds: number): void;
  /** The difference of the clocks in seconds; positive when the provider is ahead. */
  setClockSkew(seconds: number): void;
  /** Removes the gauges of the provider, for good: they describe one that is in use. */
  release(): void;
}

export interface AppMetrics {
  /** Counts an event of the audit log. */
  countAuditEvent(event: AuditEvent, details: Pick<AuditDetails, 'reason' | 'route' | 'provider'>): void;
  /** The meter of one route; create it once per route, not per request. */
  routeMeter(pattern: string): RouteMeter;
  /** Counts a response outside routes: `name` is an endpoint of the gateway, `frontend` or `none`. */
  countResponse(name: string, method: string | undefined, status: number): void;
  /** Counts bytes that an upstream sent beyond a response; `route` is its path pattern. */
  countUpstreamSurplus(route: string): void;
  /** Adds a source for the gauges of targets; the returned function removes it. */
  watchTargets(read: () => readonly TargetsReading[]): () => void;
  /** Counts a retry of a request at an upstream, or that the budget left none; `route` is its path pattern. */
  countRetry(route: string, reason: string, outcome: 'sent' | 'over_budget'): void;
  /** Counts that a target of an upstream was taken out; `route` is its path pattern. */
  countEjection(route: string, reason: string): void;
  /** Counters of the session cache: `sessionCache.hit.increment()`. */
  readonly sessionCache: { readonly hit: CounterSeries; readonly miss: CounterSeries };
  /** The measurements of a provider, by its id; empty for an issuer at which no user signs in. */
  ofProvider(id: string): ProviderMetrics;
  /** Counts the decision of a limit of callers; `route` is the path pattern. */
  countLimit(route: string, limit: string, outcome: 'allowed' | 'allowed_locally' | 'refused'): void;
  /** Counts a request for the index page of a front end that is published elsewhere. */
  countIndexPage(outcome: 'loaded' | 'unchanged' | 'failed'): void;
  /** Counts a look at the certificate of a client. */
  countCertificate(outcome: CertificateOutcome): void;
  countReload(outcome: 'applied' | 'refused'): void;
}

/** The clock skew that one provider of an app showed last. */
export interface ClockSkewReading {
  readonly app: string;
  readonly provider: string;
  seconds: number;
}

export interface AppMetricsOptions {
  readonly families: AppFamilies;
  /** The readings of all apps, the latest of each provider last. */
  readonly skews: Set<ClockSkewReading>;
  readonly watchTargets: WatchTargets;
  /** The id of the app; empty for what several apps share. */
  readonly app: string;
  readonly detail?: MetricsDetail | undefined;
}

/** Creates the measurements of an app. */
export function createAppMetrics({
  families,
  skews,
  watchTargets,
  app,
  detail = 'route',
}: AppMetricsOptions): AppMetrics {
  const { surplus, retries, ejections, limits, lookups, indexPages, reloads, certificates, providerRequests } =
    families;
  const labels = { app, routeLabel: detail === 'app' ? () => '' : (route: string) => route };

  function ofProvider(provider: string): ProviderMetrics {
    const reading: ClockSkewReading = { app, provider, seconds: 0 };
    let released = false;
    return {
      observeProviderRequest: (endpoint, outcome, seconds) =>
        providerRequests(app, provider, endpoint, outcome).observe(seconds),
      setClockSkew(seconds) {
        reading.seconds = seconds;
        if (!released) skews.add(reading);
      },
      release() {
        released = true;
        skews.delete(reading);
      },
    };
  }

  return {
    ...createRouteMeters(families, labels),
    countAuditEvent: createAuditCounter(families, labels),
    countUpstreamSurplus: (route) => surplus(app, labels.routeLabel(route)).increment(),
    watchTargets: (read) => watchTargets(app, labels.routeLabel, read),
    countRetry: (route, reason, outcome) => retries(app, labels.routeLabel(route), reason, outcome).increment(),
    countEjection: (route, reason) => ejections(app, labels.routeLabel(route), reason).increment(),
    sessionCache: { hit: lookups(app, 'hit'), miss: lookups(app, 'miss') },
    ofProvider,
    countLimit: (route, limit, outcome) => limits(app, labels.routeLabel(route), limit, outcome).increment(),
    countIndexPage: (outcome) => indexPages(app, outcome).increment(),
    countCertificate: (outcome) => certificates(app, outcome).increment(),
    countReload: (outcome) => reloads(app, outcome).increment(),
  };
}
