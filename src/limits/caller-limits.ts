/** Applies the limits of a route to a request that its rules have admitted. */
import { createLruCache } from '../base/lru.ts';
import type { RequestContext } from '../edge/request-context.ts';
import type { Audit } from '../observe/audit.ts';
import type { AppMetrics } from '../observe/metrics/metrics.ts';
import type { CompiledRoute, RouteTable } from '../routing/routes.ts';
import { MAX_CALLERS } from '../store/port/memory-limits.ts';
import {
  type CompiledLimit,
  type CompileParts,
  compileLimits,
  type RequestLimit,
  type RouteLimits,
} from './compile-limits.ts';
import { type LimitStanding, limitHeaders } from './limit-headers.ts';
import type { AdmittedCaller, LimitedCaller } from './limited-caller.ts';
import { createProcessGroup, type ProcessGroup } from './process-group.ts';
import { tooMany } from './refusal.ts';

export interface CallerLimits {
  /**
   * Counts a request for the limits that apply to it; once, however often it is admitted. Rejects with `too_many_requests`.
   * `isTracked`: `release` follows, so that it may count as a request in progress.
   */
  enforce(context: RequestContext, route: CompiledRoute, caller: AdmittedCaller, isTracked: boolean): Promise<void>;
  /** The headers of the response about the limits that applied to a request; undefined if none did. */
  headersOf(context: RequestContext): Readonly<Record<string, string>> | undefined;
  /** The request has ended. */
  release(context: RequestContext): void;
  close(): void;
}

interface CallerLimitParts extends Omit<CompileParts, 'group'> {
  routes: Pick<RouteTable, 'routes'>;
  audit: Audit;
  metrics: Pick<AppMetrics, 'countLimit'>;
}

/** A request while limits apply to it. */
interface LimitedRequest {
  readonly standings: LimitStanding[];
  readonly releases: (() => void)[];
}

/** The decision of one limit. */
interface Decision {
  readonly allowed: boolean;
  readonly remaining: number;
  readonly reset?: number;
  readonly local: boolean;
  readonly release?: (() => void) | undefined;
}

async function countRequest(limit: RequestLimit, { name, isShared }: LimitedCaller): Promise<Decision> {
  return isShared ? await limit.shared.take(name) : limit.countLocally(name);
}

async function decide(limit: CompiledLimit, caller: LimitedCaller): Promise<Decision> {
  if (limit.kind === 'requests') return await countRequest(limit, caller);
  const { release, remaining, local } = await limit.places.hold(caller);
  return { allowed: release !== undefined, remaining, local, release };
}

/** Creates the function that records a refusal: one audit event for each caller, limit and window. */
function createRecordRefusal({ audit, clock }: Pick<CallerLimitParts, 'audit' | 'clock'>) {
  const recorded = createLruCache<number>(MAX_CALLERS);
  return function recordRefusal(
    context: RequestContext,
    route: CompiledRoute,
    { label }: CompiledLimit,
    { name }: LimitedCaller,
    { facts, session }: AdmittedCaller,
    wait: number,
  ): void {
    const key = `${route.index} ${label} ${name}`;
    const now = clock();
    if ((recorded.get(key) ?? Number.NEGATIVE_INFINITY) > now) return;
    recorded.set(key, now + wait);
    audit('request.limited', {
      requestId: context.id,
      clientIp: context.clientIp,
      ...(facts?.sub === undefined ? {} : { sub: facts.sub }),
      ...(session === undefined ? {} : { session }),
      reason: label,
      route: route.pattern,
      method: context.req.method ?? '',
    });
  };
}

/** Without a window: how long one audit event stands for all refusals of a limit of requests at a time. */
const CONCURRENT_AUDIT_MS = 60_000;

/** Creates the function that applies one limit to a request. It rejects with `too_many_requests`. */
function createApply(parts: CallerLimitParts) {
  const recordRefusal = createRecordRefusal(parts);

  return async function apply(
    limit: CompiledLimit,
    request: LimitedRequest,
    context: RequestContext,
    route: CompiledRoute,
    admitted: AdmittedCaller,
  ): Promise<void> {
    const caller = limit.nameCaller(admitted);
    if (!caller) return;
    const { allowed, remaining, reset, local, release } = await decide(limit, caller);
    request.standings.push({ label: limit.label, policy: limit.policy, remaining, reset });
    if (release) request.releases.push(release);
    parts.metrics.countLimit(route.pattern, limit.label, allowed ? (local ? 'allowed_locally' : 'allowed') : 'refused');
    if (local) {
      if (context.access) context.access.limitLocal = true;
      context.span?.setAttribute('bff.limit.local', true);
    }
    if (allowed) return;
    recordRefusal(context, route, limit, caller, admitted, reset ?? CONCURRENT_AUDIT_MS);
    if (context.access) context.access.limit = limit.label;
    context.span?.setAttribute('bff.limit', limit.label);
    throw tooMany(limit, reset, request.standings);
  };
}

type LimitsByRoute = ReadonlyMap<CompiledRoute, RouteLimits>;

function compileAll({ routes, ...parts }: CallerLimitParts, group: ProcessGroup): LimitsByRoute {
  return new Map(
    routes.routes.flatMap((route): [CompiledRoute, RouteLimits][] => {
      const limits = compileLimits(route.config, route.pattern, { ...parts, group });
      return limits ? [[route, limits]] : [];
    }),
  );
}

/** The limits that apply to a request. */
function limitsFor(byRoute: LimitsByRoute, context: RequestContext, route: CompiledRoute): readonly CompiledLimit[] {
  const limits = byRoute.get(route);
  const rule = limits && route.decided?.get(context);
  return (rule && limits.byRule.get(rule.config)) ?? limits?.always ?? [];
}

function closeAll(byRoute: LimitsByRoute): void {
  for (const { always, byRule } of byRoute.values())
    for (const limit of [always, ...byRule.values()].flat())
      if (limit.kind === 'requests') limit.shared.close();
      else limit.places.close();
}

/** Creates the limits of all routes; undefined if no route has any. */
export function createCallerLimits(parts: CallerLimitParts): CallerLimits | undefined {
  const group = createProcessGroup(parts.store, parts.clock);
  const byRoute = compileAll(parts, group);
  if (byRoute.size === 0) return undefined;
  const requests = new WeakMap<RequestContext, LimitedRequest>();
  const apply = createApply(parts);

  function release(context: RequestContext): void {
    const request = requests.get(context);
    for (const give of request?.releases.splice(0) ?? []) give();
  }

  return {
    async enforce(context, route, admitted, isTracked) {
      const limits = limitsFor(byRoute, context, route);
      if (limits.length === 0 || requests.has(context)) return;
      const request: LimitedRequest = { standings: [], releases: [] };
      requests.set(context, request);
      try {
        for (const limit of limits)
          if (isTracked || limit.kind === 'requests') await apply(limit, request, context, route, admitted);
      } catch (error) {
        release(context);
        throw error;
      }
    },
    headersOf(context) {
      const standings = requests.get(context)?.standings ?? [];
      return standings.length === 0 ? undefined : limitHeaders(standings);
    },
    release,
    close() {
      group.close();
      closeAll(byRoute);
    },
  };
}
