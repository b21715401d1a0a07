/** Holds the active gateway; replaces it without interrupting in-flight requests. */
import type { Config } from '../config/schema/schema.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../gateway/gateway.ts';
import type { Metrics } from '../observe/metrics/metrics.ts';
import { fanOut } from '../store/port/fan-out.ts';
import { configDigest } from './config-digest.ts';

/** A gateway that is built but not in use. */
export interface PreparedGateway {
  /** Activates it for new requests. */
  commit(): void;
  /** Closes it unused. */
  discard(): Promise<void>;
}

export interface ActiveGateway {
  /** The gateway for new requests. */
  current(): Gateway;
  /** Builds a gateway, which must discover its provider. Rejects, and changes nothing, if it cannot. */
  prepare(config: Config, digest?: string): Promise<PreparedGateway>;
  /** Builds and activates a gateway that other processes of this instance already use: it may discover its provider later. */
  apply(config: Config, digest: string): Promise<void>;
  /** Number of requests in progress that end on their own, also of replaced gateways. */
  running(): number;
  /** Ends the event streams and WebSockets of all gateways. */
  endStreams(): void;
  /** Closes the active gateway and the replaced ones, including those with requests in progress. */
  close(): Promise<void>;
}

export type ActiveGatewayDeps = GatewayDeps & { metrics: Metrics };

/** How often a replaced gateway is checked for remaining requests. */
const POLL_INTERVAL_MS = 500;

interface GatewayInstance {
  gateway: Gateway;
  digest: string;
  /** Ends the subscription of the gateway to changes of the store. */
  release(): void;
}

/** Throws unless the provider was discovered; a gateway without a provider in its health does not need one. */
async function assertProviderReady(gateway: Gateway): Promise<void> {
  const provider = (await gateway.health()).find(({ part }) => part === 'provider');
  if (provider && !provider.ready)
    throw new Error(`the provider of this configuration is unavailable: ${provider.reason}`);
}

async function close({ gateway, release }: GatewayInstance): Promise<void> {
  await gateway.close();
  release();
}

/** Starts with a gateway of this configuration. `digest` identifies it in metrics. */
export function createActiveGateway(
  config: Config,
  deps: ActiveGatewayDeps,
  digest = configDigest(config),
): ActiveGateway {
  const changes = fanOut(deps.store);
  const retired = new Set<GatewayInstance>();
  let current = create(config, digest);
  deps.metrics.setConfig(digest);

  function create(from: Config, ofDigest: string): GatewayInstance {
    const { store, release } = changes.subscribe();
    try {
      return { gateway: createGateway(from, { ...deps, store }), digest: ofDigest, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Closes a replaced gateway when its last request has ended; streams may last for hours. */
  function retire(instance: GatewayInstance): void {
    retired.add(instance);
    const timer = setInterval(() => {
      if (instance.gateway.active() > 0 && retired.has(instance)) return;
      clearInterval(timer);
      if (retired.delete(instance)) void close(instance);
    }, POLL_INTERVAL_MS).unref();
  }

  function activate(next: GatewayInstance): void {
    retire(current);
    current = next;
    deps.metrics.setConfig(next.digest);
  }

  return {
    current: () => current.gateway,
    async prepare(wanted, ofDigest = configDigest(wanted)) {
      const next = create(wanted, ofDigest);
      await next.gateway.start();
      await assertProviderReady(next.gateway).catch(async (error: unknown) => {
        await close(next);
        throw error;
      });
      return { commit: () => activate(next), discard: () => close(next) };
    },
    async apply(wanted, ofDigest) {
      const next = create(wanted, ofDigest);
      await next.gateway.start();
      activate(next);
    },
    running: () => [current, ...retired].reduce((sum, { gateway }) => sum + gateway.running(), 0),
    endStreams() {
      for (const { gateway } of [current, ...retired]) gateway.endStreams();
    },
    async close() {
      const instances = [current, ...retired];
      retired.clear();
      await Promise.all(instances.map(close));
    },
  };
}
