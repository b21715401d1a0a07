/** Holds the active gateway; replaces it without interrupting in-flight requests. */
import type { Config } from '../config/schema/schema.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../gateway/gateway.ts';
import { fanOut } from '../store/port/fan-out.ts';

export interface ActiveGateway {
  /** The gateway for new requests. */
  current(): Gateway;
  /** Builds a gateway and activates it once it has discovered its provider. Rejects, and changes nothing, if it cannot. */
  replace(config: Config): Promise<void>;
  /** Closes the active gateway and the replaced ones, including those with requests in progress. */
  close(): Promise<void>;
}

/** How often a replaced gateway is checked for remaining requests. */
const POLL_INTERVAL_MS = 500;

interface GatewayInstance {
  gateway: Gateway;
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

/** Starts with a gateway of this configuration. */
export function createActiveGateway(config: Config, deps: GatewayDeps): ActiveGateway {
  const changes = fanOut(deps.store);
  const retired = new Set<GatewayInstance>();
  let current = create(config);

  function create(from: Config): GatewayInstance {
    const { store, release } = changes.subscribe();
    return { gateway: createGateway(from, { ...deps, store }), release };
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

  return {
    current: () => current.gateway,
    async replace(wanted) {
      const next = create(wanted);
      await next.gateway.start();
      await assertProviderReady(next.gateway).catch(async (error: unknown) => {
        await close(next);
        throw error;
      });
      retire(current);
      current = next;
    },
    async close() {
      const instances = [current, ...retired];
      retired.clear();
      await Promise.all(instances.map(close));
    },
  };
}
