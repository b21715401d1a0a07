/** Compiles the limits of a route and its rules, each with its name and its counters. */

import { formatDuration } from '../config/fields/units.ts';
import type { RouteConfig, RuleConfig } from '../config/schema/schema.ts';
import type { CallerLimit } from '../config/traffic/caller-limits.ts';
import { digest } from '../crypto/digest.ts';
import type { Keyring } from '../crypto/keyring.ts';
import type { Limits } from '../store/port/store.ts';
import { createNameCaller, type NameCaller } from './limited-caller.ts';
import { type CountLocally, createLocalCounter } from './local-counter.ts';
import { createPlaces, type Places } from './places.ts';
import type { ProcessGroup } from './process-group.ts';
import { SharedCounter } from './shared-counter.ts';

interface Named {
  /** Name in headers, metrics and the audit log, such as `user-1m`. */
  readonly label: string;
  /** The member of `RateLimit-Policy`. */
  readonly policy: string;
  readonly nameCaller: NameCaller;
}

export interface RequestLimit extends Named {
  readonly kind: 'requests';
  readonly shared: SharedCounter;
  readonly countLocally: CountLocally;
}

export interface ConcurrencyLimit extends Named {
  readonly kind: 'concurrent';
  readonly places: Places;
}

export type CompiledLimit = RequestLimit | ConcurrencyLimit;

/** The limits of a route, and those of its rules. */
export interface RouteLimits {
  readonly always: readonly CompiledLimit[];
  readonly byRule: ReadonlyMap<RuleConfig, readonly CompiledLimit[]>;
}

export interface CompileParts {
  store: { readonly limits: Limits };
  group: ProcessGroup;
  keyring: Pick<Keyring, 'mac'>;
  clock: () => number;
}

/** The name of a limit, without the rule. */
export function limitLabel({ by, per, requests }: CallerLimit): string {
  const whose = typeof by === 'object' ? by.claim.replaceAll(/[^A-Za-z0-9._-]/g, '-') : by;
  return requests === undefined ? `${whose}-concurrent` : `${whose}-${formatDuration(per ?? 0)}`;
}

function compileLimit(limit: CallerLimit, label: string, name: string, parts: CompileParts): CompiledLimit {
  const { requests, per = 0, concurrent = 0, onStoreOutage, mode } = limit;
  const nameCaller = createNameCaller(limit.by, parts.keyring);
  if (requests === undefined) {
    const policy = `"${label}";q=${concurrent};qu="concurrent-requests"`;
    const places = createPlaces({ name, concurrent, onStoreOutage }, parts);
    return { kind: 'concurrent', label, policy, nameCaller, places };
  }
  const shared = new SharedCounter({ name, requests, window: per, mode, onStoreOutage }, parts);
  const countLocally = createLocalCounter(requests, per, parts.clock);
  const policy = `"${label}";q=${requests};w=${Math.ceil(per / 1000)}`;
  return { kind: 'requests', label, policy, nameCaller, shared, countLocally };
}

/** Compiles the limits of a list; `prefix` tells the lists of a route apart, and a number those with the same label. */
function compileList(
  limits: readonly CallerLimit[] = [],
  prefix: string,
  pattern: string,
  parts: CompileParts,
): CompiledLimit[] {
  const seen = new Map<string, number>();
  return limits.map((limit) => {
    const base = prefix + limitLabel(limit);
    const count = (seen.get(base) ?? 0) + 1;
    seen.set(base, count);
    const label = count === 1 ? base : `${base}-${count}`;
    // Not the number of requests: a reload that changes it goes on with what was counted.
    return compileLimit(limit, label, digest(`${pattern} ${label}`), parts);
  });
}

/** Compiles the limits of a route; undefined if it has none. */
export function compileLimits(config: RouteConfig, pattern: string, parts: CompileParts): RouteLimits | undefined {
  const always = compileList(config.limits, '', pattern, parts);
  const byRule = new Map(
    config.rules.flatMap((rule, index): [RuleConfig, CompiledLimit[]][] =>
      rule.limits === undefined ? [] : [[rule, compileList(rule.limits, `rule-${index + 1}-`, pattern, parts)]],
    ),
  );
  return always.length === 0 && byRule.size === 0 ? undefined : { always, byRule };
}
