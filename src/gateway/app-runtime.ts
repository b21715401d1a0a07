/** One app at run time: its planes, its sessions and its providers, and how they start and end. */
import { type AppSessions, createAppSessions } from '../admin/app-sessions.ts';
import type { Config } from '../config/schema/schema.ts';
import { createDevServer } from '../frontend/dev-server.ts';
import type { RemotePage } from '../frontend/remote-page.ts';
import type { TargetsReading } from '../observe/metrics/target-gauges.ts';
import type { SignInProviders } from '../oidc/sign-in/sign-in-providers.ts';
import type { AskedApp } from '../proxy/forward-auth/choose-app.ts';
import { createPageSteps, type PageSteps } from '../proxy/pages/page-steps.ts';
import { serverOf } from '../upstream/connect/target-url.ts';
import type { UpstreamState } from '../upstream/upstreams.ts';
import { type AppComposition, composeApp } from './composition.ts';
import { createRequestDispatch, createUpgradeDispatch, type HandleRequest, type HandleUpgrade } from './dispatch.ts';
import { createFailureResponder, type FailureResponder } from './failures.ts';
import { createRequestCounter } from './request-counter.ts';
import type { SharedClients, SharedParts } from './shared-parts.ts';

/** What handlers of an application that mounts the gateway use of an app. */
export type OwnHandlerParts = Pick<
  AppComposition,
  | 'store'
  | 'keyring'
  | 'sessions'
  | 'directory'
  | 'refresher'
  | 'services'
  | 'providers'
  | 'audit'
  | 'readCertificate'
  | 'clock'
> & { config: Config; pageSteps: PageSteps };

export interface AppRuntime extends AskedApp {
  readonly parts: OwnHandlerParts;
  /** Handles a request to the app that passed the edge. */
  readonly handle: HandleRequest;
  /** Handles an upgrade. */
  readonly upgrade: HandleUpgrade;
  readonly failures: FailureResponder;
  /** Sessions for the private listener. */
  readonly adminSessions: AppSessions;
  readonly providers: SignInProviders;
  /** The index page that is published elsewhere, if it is. */
  readonly page: RemotePage | undefined;
  /** What this process knows of the upstreams of its routes. */
  upstreams(): UpstreamState[];
  /** Number of requests and tunnels in progress. */
  active(): number;
  /** Number of those that end on their own: all but event streams and WebSockets. */
  running(): number;
  /** Ends the event streams and WebSockets, and those that open later. */
  endStreams(): void;
  /** Starts discovery and background work, once; resolves after the first attempt. */
  start(): Promise<void>;
  /** Whether the first attempt to discover the providers has ended, successfully or not. */
  started(): boolean;
  /** Stops timers and closes upstream connections. */
  close(): Promise<void>;
}

/** Creates an app from its configuration; nothing is requested before `start`. */
export function createAppRuntime(config: Config, shared: SharedParts, clients: SharedClients): AppRuntime {
  const parts = composeApp(config, shared, clients);
  const { dataPlane, streams } = parts;
  const counter = createRequestCounter(parts);
  const failures = createFailureResponder({ ...parts, config, arrive: shared.arrive });
  const devServer =
    config.frontend?.devServer === undefined ? undefined : createDevServer(config, config.frontend.devServer, streams);
  const pageSteps = createPageSteps({ ...parts, config });
  const dispatchParts = { ...parts, config, counter, failures, devServer, pageSteps };
  return {
    config,
    pages: parts.pages,
    parts: { ...parts, config, pageSteps },
    handle: createRequestDispatch(dispatchParts),
    upgrade: createUpgradeDispatch(dispatchParts),
    verify: (context, origin) => dataPlane.verify(context, origin),
    failures,
    adminSessions: createAppSessions({ config, ...parts }),
    providers: parts.providers,
    page: parts.page,
    upstreams: () => parts.upstreams.states(),
    active: counter.active,
    running: () => counter.active() - streams.lasting.size(),
    endStreams: streams.lasting.endAll,
    ...createLifecycle(parts),
  };
}

/** The servers of an upstream with several targets, as metrics name them. */
function targetsReading({ paths: [route = ''], targets }: UpstreamState): TargetsReading[] {
  if (!targets) return [];
  return [{ route, servers: targets.map(({ url, ...server }) => ({ target: serverOf(url), ...server })) }];
}

/** Starts and closes the parts that run in the background. */
function createLifecycle(parts: AppComposition): Pick<AppRuntime, 'started' | 'start' | 'close'> {
  const { providers, services, revoker, expiredSessions, streams, upstreams, refresher, metrics, page, hooks, limits } =
    parts;
  const unwatchRequests = metrics.watchOpenRequests(() => streams.size());
  const unwatchTargets = metrics.watchTargets(() => upstreams.states().flatMap(targetsReading));
  let starting: Promise<void> | undefined;
  let started = false;

  async function startAll(): Promise<void> {
    services.start();
    revoker.start();
    expiredSessions.start();
    await Promise.all([...providers.all.map(({ provider }) => provider.start()), page?.start()]);
    started = true;
  }

  return {
    started: () => started,
    start() {
      starting ??= startAll();
      return starting;
    },
    async close() {
      page?.stop();
      for (const { provider } of providers.all) provider.stop();
      services.stop();
      revoker.stop();
      streams.lasting.endAll();
      expiredSessions.stop();
      streams.close();
      unwatchRequests();
      unwatchTargets();
      limits?.close();
      await upstreams.close();
      await refresher.close();
      await hooks.settle();
    },
  };
}
