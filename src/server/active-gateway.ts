/** Holds the active gateway; replaces its apps without interrupting in-flight requests. */
import type { Config } from '../config/schema/schema.ts';
import { createPageCopies } from '../frontend/page-copies.ts';
import type { AppRuntime } from '../gateway/app-runtime.ts';
import { type Gateway, type GatewayDeps, serveApps } from '../gateway/gateway.ts';
import { buildGeneration, createGeneration, type Generation, type RefusedApp } from '../gateway/generation.ts';
import { createSharedParts, type SharedParts } from '../gateway/shared-parts.ts';
import type { LogLevel } from '../observe/log-level.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { fanOut } from '../store/port/fan-out.ts';
import { configDigest } from './config-digest.ts';

/** A gateway that is built but not in use. */
export interface PreparedGateway {
  /** The configuration that it serves: of a refused app the one that it keeps. */
  readonly config: Config;
  readonly refused: readonly RefusedApp[];
  /** Activates it for new requests. */
  commit(): void;
  /** Closes it unused. */
  discard(): Promise<void>;
}

export interface ActiveGateway {
  /** The gateway for new requests. */
  current(): Gateway;
  /**
   * Builds a gateway, each changed app of which must discover a provider. Apps that cannot are refused: they keep their
   * configuration. Rejects, and changes nothing, if all of them are.
   */
  prepare(config: Config, digest?: string): Promise<PreparedGateway>;
  /** Builds and activates a gateway that other processes of this instance already use: it may discover its providers later. */
  apply(config: Config, digest: string): Promise<void>;
  /** Number of requests in progress that end on their own, also of replaced apps. */
  running(): number;
  /** Ends the event streams and WebSockets of all apps. */
  endStreams(): void;
  /** Closes all apps, including replaced ones with requests in progress. */
  close(): Promise<void>;
}

export type ActiveGatewayDeps = GatewayDeps & { metrics: Metrics; logLevel?: LogLevel | undefined };

/** How often a replaced app is checked for remaining requests. */
const POLL_INTERVAL_MS = 500;

/** Creates shared parts, each with a subscription to changes of the store that ends with the last app that uses them. */
function createSharedPartsOfApps(deps: ActiveGatewayDeps) {
  const changes = fanOut(deps.store);
  const users = new Map<SharedParts, { apps: Set<AppRuntime>; release(): void }>();
  return {
    create(config: Config): SharedParts {
      const { store, release } = changes.subscribe();
      const shared = createSharedParts(config, { ...deps, store });
      users.set(shared, { apps: new Set(), release });
      return shared;
    },
    use({ shared, created }: Generation): void {
      for (const app of created) users.get(shared)?.apps.add(app);
    },
    /** Releases parts that no app uses, among them those of a generation that could not be built. */
    async releaseUnused(): Promise<void> {
      const unused = [...users].filter(([, { apps }]) => apps.size === 0);
      for (const [shared, { release }] of unused) {
        users.delete(shared);
        release();
      }
      await Promise.all(unused.map(([{ tracing }]) => tracing?.close()));
    },
    async close(app: AppRuntime): Promise<void> {
      await app.close();
      for (const { apps } of users.values()) apps.delete(app);
      await this.releaseUnused();
    },
  };
}

/** Starts with a gateway of this configuration. `digest` identifies it in metrics. */
export function createActiveGateway(
  config: Config,
  deps: ActiveGatewayDeps,
  digest = configDigest(config),
): ActiveGateway {
  const sharedParts = createSharedPartsOfApps({ pageCopies: createPageCopies(), ...deps });
  const retired = new Set<AppRuntime>();
  const first = createGeneration(config, sharedParts.create(config));
  sharedParts.use(first);
  let current = { generation: first, gateway: serveApps(first) };
  deps.metrics.setConfig(digest);

  async function build(wanted: Config, mustDiscover: boolean): Promise<Generation> {
    const { generation: running } = current;
    try {
      const generation = await buildGeneration(wanted, { running, createShared: sharedParts.create, mustDiscover });
      sharedParts.use(generation);
      await generation.shared.tracing?.ready;
      return generation;
    } finally {
      void sharedParts.releaseUnused();
    }
  }

  /** Closes a replaced app when its last request has ended; streams may last for hours. */
  function retire(app: AppRuntime): void {
    retired.add(app);
    const timer = setInterval(() => {
      if (app.active() > 0 && retired.has(app)) return;
      clearInterval(timer);
      if (retired.delete(app)) void sharedParts.close(app);
    }, POLL_INTERVAL_MS).unref();
  }

  function activate(generation: Generation, ofDigest: string): void {
    const replaced = current.generation.apps.filter((app) => !generation.apps.includes(app));
    current = { generation, gateway: serveApps(generation) };
    for (const app of replaced) retire(app);
    deps.logLevel?.configure(generation.config.log.level);
    deps.metrics.setConfig(ofDigest);
  }

  const all = () => [...current.generation.apps, ...retired];
  return {
    current: () => current.gateway,
    async prepare(wanted, ofDigest) {
      const generation = await build(wanted, true);
      return {
        config: generation.config,
        refused: generation.refused,
        commit: () => activate(generation, ofDigest ?? configDigest(generation.config)),
        discard: async () => void (await Promise.all(generation.created.map((app) => sharedParts.close(app)))),
      };
    },
    async apply(wanted, ofDigest) {
      const generation = await build(wanted, false);
      const [refused] = generation.refused;
      if (refused) throw new Error(refused.reason);
      activate(generation, ofDigest);
    },
    running: () => all().reduce((sum, app) => sum + app.running(), 0),
    endStreams() {
      for (const app of all()) app.endStreams();
    },
    async close() {
      const apps = all();
      retired.clear();
      await Promise.all(apps.map((app) => sharedParts.close(app)));
    },
  };
}
