/** Creates the parts that both planes of an app share: keys, sessions, providers, tokens and routes. */
import { countCertificates, createCertificateReader } from '../certificate/reader.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import { createKeyring } from '../crypto/keyring.ts';
import { createAppHooks } from '../hooks/hook-runner.ts';
import { createCallerLimits } from '../limits/caller-limits.ts';
import { createAudit } from '../observe/audit.ts';
import { createHookReport } from '../observe/hook-report.ts';
import type { AppMetrics } from '../observe/metrics/metrics.ts';
import { createEndSessions } from '../oidc/logout/end-sessions.ts';
import { createExpiredSessions } from '../oidc/logout/expired-sessions.ts';
import { createRevoker } from '../oidc/logout/revoker.ts';
import { createSignInUse } from '../oidc/logout/sign-in-use.ts';
import { mayIssue } from '../oidc/products/issuers.ts';
import { createRefreshByProvider } from '../oidc/sign-in/refresh-by-provider.ts';
import type { AcquireProvider } from '../oidc/sign-in/shared-providers.ts';
import { createSignInProvider } from '../oidc/sign-in/sign-in-provider.ts';
import { createSignInProviders } from '../oidc/sign-in/sign-in-providers.ts';
import { createSessionIdentity } from '../oidc/tokens/identity-claims.ts';
import { createTokenServices } from '../oidc/tokens/token-services.ts';
import { createOpenStreams } from '../proxy/forwarding/open-streams.ts';
import { createAppPages } from '../responses/app-pages.ts';
import { type CompiledRoute, compileRoutes } from '../routing/routes.ts';
import { createArrivals } from '../session/arrivals.ts';
import { cookieSettings } from '../session/cookies.ts';
import { createSessionDirectory } from '../session/session-directory.ts';
import { createSessionHooks } from '../session/session-hooks.ts';
import { createSessions } from '../session/session-service.ts';
import { appStore } from '../store/port/app-store.ts';
import type { SharedClients, SharedParts } from './shared-parts.ts';

export type AppParts = ReturnType<typeof createAppParts>;

/** Creates the parts in the order in which they depend on each other; none of them sends a request yet. */
export function createAppParts(config: Config, shared: SharedParts, clients: SharedClients) {
  const base = createBaseParts(config, shared, clients);
  const { store, keyring, sessions, sessionHooks, signIn, audit, log, metrics, clock } = base;
  const routeTable = createRouteTable(config, metrics);
  const directory = createSessionDirectory({ store, sessions, keyring });
  const providerOf = (id: string, issuer: string | undefined) =>
    signIn.find((entry) => entry.config.id === id && mayIssue(entry.config, issuer))?.provider;
  const isSignInUsed = createSignInUse(directory);
  const { tag } = config.app;
  const { revocationPoller: poller, expiredSessionWork: work, tracing } = shared;
  const revoker = createRevoker({ tag, poller, providerOf, isSignInUsed, store, keyring, log, audit, clock, tracing });
  const readCertificate = countCertificates(createCertificateReader(config), metrics.countCertificate);
  const services = createTokenServices({ config, signIn, store, readCertificate, log, metrics, clock });
  const streams = createOpenStreams({ store, log, clock });
  const closeStreams = (key: string) => streams.closeAll(key);
  const parts = { ...base, config, revoker, checkSessionTokenOf: services.checkSessionTokenOf };
  const providers = createSignInProviders(
    signIn.map((entry) => createSignInProvider(parts, entry.config, entry.provider)),
  );
  return {
    ...base,
    arrivals: createArrivals(base),
    ...routeTable,
    limits: createCallerLimits({ ...base, ...routeTable }),
    revoker,
    services,
    readCertificate,
    streams,
    closeStreams,
    providers,
    refresher: createRefreshByProvider(providers),
    directory,
    expiredSessions: createExpiredSessions({ tag, work, store, keyring, isSignInUsed, revoker, audit, sessionHooks }),
    endSessions: createEndSessions({ sessions, revoker, closeStreams, audit, sessionHooks }),
  };
}

/** The parts that depend on the configuration and the dependencies only. */
function createBaseParts(config: Config, shared: SharedParts, { acquireProvider }: SharedClients) {
  const { clock, rateLimits, sessionMemory: memory } = shared;
  const { app, publicUrl, provider, admin } = config;
  const appField = shared.namesApps ? { app: app.id } : {};
  const log = shared.namesApps ? shared.log.child(appField) : shared.log;
  const metrics = shared.metrics.ofApp(app.id, admin.metrics.detail);
  const store = appStore(shared.store, app.tag);
  // The first provider, also of several: it is part of the seal of every session. Only an app below a path adds its path.
  const application = [publicUrl, provider.issuer, provider.clientId, ...(app.path === '' ? [] : [app.path])].join(' ');
  const keyring = createKeyring(config.secrets.keys, application);
  const audit = createAudit(shared.auditLog, metrics.countAuditEvent, appField);
  const report = createHookReport(log, metrics);
  const hooks = createAppHooks(shared.plugins, { timeout: config.hooks.timeout, report });
  const sessionHooks = createSessionHooks(app.id, hooks);
  return {
    log,
    metrics,
    clock,
    pages: createAppPages(config, log),
    rateLimits,
    store,
    keyring,
    audit,
    hooks,
    sessionHooks,
    signIn: createProviders(config, { log, metrics, clock, tracing: shared.tracing }, acquireProvider),
    cookies: cookieSettings(config),
    sessions: createSessions({
      config,
      store,
      memory,
      keyring,
      log,
      audit,
      sessionHooks,
      metrics,
      withIdentity: createSessionIdentity(config),
      clock,
    }),
  };
}

/** The client of every provider. Of several apps that share one, the first one gives its name to log lines and metrics. */
function createProviders(
  config: Config,
  { log, metrics, clock, tracing }: Pick<SharedParts, 'log' | 'metrics' | 'clock' | 'tracing'>,
  acquireProvider: AcquireProvider,
) {
  const { allowInsecureHttp } = config.development;
  return signInProviders(config).map((settings, index) => ({
    config: settings,
    provider: acquireProvider({
      config: settings,
      allowInsecureHttp,
      log: index === 0 && !config.providers ? log : log.child({ provider: settings.id }),
      metrics: metrics.ofProvider(settings.id),
      clock,
      tracing,
    }),
  }));
}

/** The compiled routes, and the meter of each. */
function createRouteTable(config: Config, metrics: AppMetrics) {
  const routes = compileRoutes(config.routes, config.accessTokens?.audience, config.publicUrl);
  const meters = routes.routes.map(({ pattern }) => metrics.routeMeter(pattern));
  const meterOf = ({ index, pattern }: CompiledRoute) => meters[index] ?? metrics.routeMeter(pattern);
  return { routes, meterOf };
}
