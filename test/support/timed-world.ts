/** A world whose gateway and provider have clocks that a test moves; otherwise they stand still. */
import type { TestContext } from 'node:test';
import { startWorld, type World, type WorldOptions } from './world.ts';

export interface TimedWorld extends World {
  now(): number;
  /** Moves the clocks of gateway and provider. */
  advance(ms: number): void;
  /** Moves the clock of the gateway alone. */
  setGatewayAhead(ms: number): void;
}

/** Starts a world that ends with the test. */
export async function startTimedWorld(t: Pick<TestContext, 'after'>, options: WorldOptions = {}): Promise<TimedWorld> {
  let now = Date.now();
  let ahead = 0;
  const world = await startWorld(t, { ...options, gateway: { ...options.gateway, clock: () => now + ahead } });
  Object.defineProperty(world.provider.settings, 'clockOffset', { get: () => now - Date.now() });
  return {
    ...world,
    now: () => now,
    advance(ms) {
      now += ms;
    },
    setGatewayAhead(ms) {
      ahead = ms;
    },
  };
}
