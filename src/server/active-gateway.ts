/** The gateway in use, which another one can take the place of while calls are under way. */
import type { Config } from '../config/schema/schema.ts';
import { createGateway, type Gateway, type GatewayDeps } from '../gateway/gateway.ts';
import { fanOut } from '../store/port/fan-out.ts';

export interface ActiveGateway {
  /** Takes every new call. */
  current(): Gateway;
  /** Builds a gateway and puts it in place once it has found its provider; rejects, and changes nothing, when it cannot. */
  replace(config: Config): Promise<void>;
  /** Closes all, those too that still have calls. */
  close(): Promise<void>;
}

/** How often a gateway that was replaced is looked at for calls that are left. */
const POLL_INTERVAL_MS = 500;

interface GatewayInstance {
  gateway: Gateway;
  release(): void;
}

/** Begins with a gateway of this configuration. */
export function createActiveGateway(config: Config, deps: GatewayDeps): ActiveGateway {
  const shared = fanOut(deps.store);
  const retired = new Set<GatewayInstance>();
  let current = build(config);

  function build(from: Config): GatewayInstance {
    const { store, release } = shared.subscribe();
    return { gateway: createGateway(from, { ...deps, store }), release };
  }

  async function end({ gateway, release }: GatewayInstance): Promise<void> {
    await gateway.close();
    release();
  }

  /** Streams may last for hours; until the last call is over it goes on as it was. */
  function retire(generation: GatewayInstance): void {
    retired.add(generation);
    const timer = setInterval(() => {
      if (generation.gateway.active() > 0 && retired.has(generation)) return;
      clearInterval(timer);
      if (retired.delete(generation)) void end(generation);
    }, POLL_INTERVAL_MS).unref();
  }

  return {
    current: () => current.gateway,
    async replace(wanted) {
      const next = build(wanted);
      await next.gateway.start();
      const reasons = await next.gateway.health();
      const provider = reasons.find(({ part }) => part === 'provider');
      if (provider && !provider.ready) {
        await end(next);
        throw new Error(`the provider cannot be used with it: ${provider.reason}`);
      }
      retire(current);
      current = next;
    },
    async close() {
      const all = [current, ...retired];
      retired.clear();
      await Promise.all(all.map(end));
    },
  };
}
