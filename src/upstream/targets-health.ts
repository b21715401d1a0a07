/** Health of the targets of an upstream and retries of its requests, as the configuration of the upstream says. */
import type { RouteConfig } from '../config/schema/schema.ts';
import type { PoolConfig } from '../config/traffic/upstream-targets.ts';
import { HealthGroup } from './health/health-group.ts';
import { RetryingPool } from './health/retrying-pool.ts';
import type { Pool } from './http/pool.ts';
import { createTargetEvents, type TargetEventParts } from './target-events.ts';

type RouteOptions = Pick<RouteConfig, 'timeouts'> & Partial<Pick<RouteConfig, 'path'>>;

interface Chance {
  readonly clock: () => number;
  readonly random: () => number;
}

/** Creates the health of all targets. */
export function createTargetsHealth(
  config: PoolConfig,
  { path = '' }: RouteOptions,
  parts: TargetEventParts & Chance,
): HealthGroup {
  const { passiveHealth: passive, breaker, healthCheck, slowStart } = config;
  const { clock, random } = parts;
  return new HealthGroup({
    settings: { passive, breaker, checks: healthCheck, slowStart },
    check: healthCheck,
    events: createTargetEvents(path, parts, clock),
    clock,
    random,
  });
}

/** Adds the retries to the pool of an upstream; returns the pool itself if there are none. */
export function withRetries(
  pool: Pool,
  { retries }: PoolConfig,
  { path = '', timeouts }: RouteOptions,
  { countRetry, clock = () => performance.now() }: TargetEventParts & Partial<Chance>,
): Pool {
  if (retries === false) return pool;
  return new RetryingPool({
    pool,
    settings: retries,
    headTimeout: timeouts.headers,
    total: timeouts.total ?? Number.POSITIVE_INFINITY,
    clock,
    onRetry: (reason, outcome) => countRetry?.(path, String(reason), outcome),
  });
}
