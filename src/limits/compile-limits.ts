/** Compiles the limits of a route and its rules, each with its name and its counters. */

import type { RouteConfig, RuleConfig } from '../config/schema/schema.ts';
import { type CallerLimit, limitNames, rulePrefix } from '../config/traffic/caller-limits.ts';
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

/** The limits of a route: for a request that one of these rules has admitted, and for all others. */
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

/** Compiles the limits of a list; `prefix` tells the lists of a route apart. */
function compileList(
  limits: readonly CallerLimit[] = [],
  prefix: string,
  pattern: string,
  parts: CompileParts,
): CompiledLimit[] {
  const names = limitNames(limits, prefix);
  return limits.map((limit, index) => {
    const label = names[index] ?? '';
    // Not the number of requests: a reload that changes it goes on with what was counted.
    return compileLimit(limit, label, digest(`${pattern} ${label}`), parts);
  });
}

/** Limits of requests last: a request that finds no place does not count as one. */
const inOrder = (limits: readonly CompiledLimit[]) =>
  limits.toSorted((one, other) => Number(one.kind === 'requests') - Number(other.kind === 'requests'));

/** Compiles the limits of a route; undefined if it has none. */
export function compileLimits(config: RouteConfig, pattern: string, parts: CompileParts): RouteLimits | undefined {
  const always = compileList(config.limits, '', pattern, parts);
  const byRule = new Map(
    config.rules.flatMap((rule, index): [RuleConfig, CompiledLimit[]][] => {
      if (rule.limits === undefined) return [];
      return [[rule, inOrder([...always, ...compileList(rule.limits, rulePrefix(index), pattern, parts)])]];
    }),
  );
  return always.length === 0 && byRule.size === 0 ? undefined : { always: inOrder(always), byRule };
}
