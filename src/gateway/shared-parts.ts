/** Creates the parts that all apps of a process share: store, log, metrics, arrivals and pages. */
import { appsOf } from '../config/schema/apps.ts';
import type { Config } from '../config/schema/schema.ts';
import { type Arrive, createArrive } from '../edge/arrival.ts';
import { createRateLimits, type RateLimits } from '../endpoints/common/rate-limit.ts';
import { createPageCopies, type PageCopies } from '../frontend/page-copies.ts';
import type { Plugin } from '../hooks/hooks.ts';
import { type AccessLog, createAccessLog } from '../observe/access/access-log.ts';
import { type AuditLog, createLogAudit } from '../observe/audit.ts';
import type { Logger } from '../observe/log.ts';
import { createMetrics, type Metrics } from '../observe/metrics/metrics.ts';
import { openTracing } from '../observe/tracing/open-tracing.ts';
import type { Tracing } from '../observe/tracing/tracing.ts';
import { createExpiredSessionWork, type ExpiredSessionWork } from '../oidc/logout/expired-session-work.ts';
import { createRevocationPoller, type RevocationPoller } from '../oidc/logout/revocation-poller.ts';
import { type AcquireProvider, createSharedProviders } from '../oidc/sign-in/shared-providers.ts';
import { createPages, type Pages } from '../responses/pages.ts';
import { createSessionMemory, type SessionMemory } from '../session/session-memory.ts';
import { measureStore } from '../store/measured.ts';
import type { Store } from '../store/port/store.ts';
import { createSharedUpstreams, type SharedUpstreams } from '../upstream/upstreams.ts';

export interface GatewayDeps {
  store: Store;
  log: Logger;
  /** Destination of the audit log; the log by default. */
  auditLog?: AuditLog;
  /** Writes the lines of the access log; the log by default. */
  accessLines?: Logger;
  /** Registry of all metrics; a new one by default. */
  metrics?: Metrics;
  /** What the process remembers of sessions over all its apps; a new memory by default. */
  sessionMemory?: SessionMemory;
  /** Polls for the revocation jobs of all apps of the process; a new poller by default. */
  revocationPoller?: RevocationPoller;
  /** Works on the expired sessions of all apps of the process; new work by default. */
  expiredSessionWork?: ExpiredSessionWork;
  /** Copies of index pages that are published elsewhere; new ones by default. */
  pageCopies?: PageCopies;
  /** The plugins whose hooks all apps of the process run; none by default. */
  plugins?: readonly Plugin[] | undefined;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export interface SharedParts {
  /** The store, measured. */
  readonly store: Store;
  readonly log: Logger;
  /** Whether lines of the log and the audit log name their app, because there are several. */
  readonly namesApps: boolean;
  readonly auditLog: AuditLog;
  /** Undefined if it is off. */
  readonly accessLog: AccessLog | undefined;
  readonly metrics: Metrics;
  readonly plugins: readonly Plugin[];
  readonly clock: () => number;
  /** What the process remembers of sessions, over all apps. */
  readonly sessionMemory: SessionMemory;
  readonly revocationPoller: RevocationPoller;
  readonly expiredSessionWork: ExpiredSessionWork;
  readonly pageCopies: PageCopies;
  readonly arrive: Arrive;
  readonly pages: Pages;
  readonly rateLimits: RateLimits;
  /** Undefined if traces of clients are only passed on. */
  readonly tracing: Tracing | undefined;
}

/** The clients that apps share which are created together: a later app finds its providers itself, and reads its files again. */
export interface SharedClients {
  readonly acquireProvider: AcquireProvider;
  readonly upstreams: SharedUpstreams;
}

export const createSharedClients = (): SharedClients => ({
  acquireProvider: createSharedProviders(),
  upstreams: createSharedUpstreams(),
});

/** Creates the parts. Of the configuration they read only options that the process has once. */
export function createSharedParts(config: Config, deps: GatewayDeps): SharedParts {
  const { log, auditLog = createLogAudit(log), metrics = createMetrics(), clock = Date.now } = deps;
  const store = measureStore(deps.store, metrics);
  const { changes } = store;
  return {
    store,
    log,
    namesApps: appsOf(config).length > 1,
    auditLog,
    accessLog: createAccessLog(config.log, deps.accessLines ?? log),
    metrics,
    plugins: deps.plugins ?? [],
    clock,
    sessionMemory: deps.sessionMemory ?? createSessionMemory({ changes, size: config.session.cacheSize, clock }),
    revocationPoller: deps.revocationPoller ?? createRevocationPoller({ store, clock }),
    expiredSessionWork: deps.expiredSessionWork ?? createExpiredSessionWork({ store }),
    pageCopies: deps.pageCopies ?? createPageCopies(),
    arrive: createArrive({ config, log }),
    pages: createPages(),
    rateLimits: createRateLimits(config.limits),
    tracing: openTracing(config.tracing, log),
  };
}
