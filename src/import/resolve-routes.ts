/** Converts draft routes to gateway routes so that no request is allowed that the original would have refused. */
import { type Access, combineAccess } from './draft/access.ts';
import { BLOCKED_UPSTREAM, type Decision, type DraftRoute, METHODS, type Method, type Target } from './draft/draft.ts';
import { byPrecision, covers, matchesLetterPrefix, overlaps } from './draft/patterns.ts';

/** A route with one pattern; a method without a rule is denied. */
export interface ResolvedRoute {
  path: string;
  target: Target;
  rules: readonly { methods: readonly Method[] | undefined; access: Access }[];
  /** The draft routes with this pattern. */
  sources: readonly DraftRoute[];
  /** Names of routes whose requirements were added because the original might have chosen them. */
  stricterFor: readonly string[];
  /** Routes that are denied because they have another target than the other routes of this pattern. */
  otherTargets: readonly DraftRoute[];
  /** Claim headers were dropped because only some of the routes set them. */
  claimHeadersDropped: boolean;
}

/** `other` is any method that is not in METHODS. */
type MethodClass = Method | 'other';
const METHOD_CLASSES: readonly MethodClass[] = [...METHODS, 'other'];

const acceptsMethod = ({ methods, otherMethods }: DraftRoute, method: MethodClass) =>
  methods === undefined || (method === 'other' ? otherMethods === true : methods.includes(method));

/** Negative when `a` has precedence over `b` in the original. */
function byPrecedence({ precedence: a }: DraftRoute, { precedence: b }: DraftRoute): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const equalJson = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

interface RouteDecision {
  decision: Decision;
  /** Routes that made the decision stricter. */
  added: readonly DraftRoute[];
}

function addRequirements(decision: Decision, others: readonly DraftRoute[]): RouteDecision {
  const added = others.filter(({ access }) => !equalJson(combineAccess(decision, access), decision));
  return { decision: added.reduce<Decision>((sum, { access }) => combineAccess(sum, access), decision), added };
}

/** Decides about one method of a pattern; includes every route by which the original might have decided. */
function decide(
  path: string,
  method: MethodClass,
  own: readonly DraftRoute[],
  all: readonly DraftRoute[],
): RouteDecision {
  const candidates = all.filter((route) => acceptsMethod(route, method));
  const matching = own.filter((route) => acceptsMethod(route, method));
  const wider = candidates.filter((route) => byPrecision(route.path, path) > 0 && overlaps(route.path, path));
  const letterPrefixes = candidates.filter(
    (route) => route.letterPrefix === true && route.path !== path && matchesLetterPrefix(path, route.path),
  );
  const [first] = matching;
  if (!first) return fallThrough(path, own, wider, letterPrefixes);
  const decision = matching.reduce<Decision>((sum, { access }) => combineAccess(sum, access), first.access);
  const widened = matching.some((route) => route.widened === true);
  // On paths that only the pattern matches, such as one with a trailing slash, any of these routes may decide.
  const mayDecide = (route: DraftRoute) => widened || matching.some((one) => byPrecedence(route, one) < 0);
  return addRequirements(decision, [...wider.filter(mayDecide), ...letterPrefixes.filter(mayDecide)]);
}

/** Decides about a method that no route of the pattern accepts: the next wider route, if it has the same target. */
function fallThrough(
  path: string,
  own: readonly DraftRoute[],
  wider: readonly DraftRoute[],
  letterPrefixes: readonly DraftRoute[],
): RouteDecision {
  const [best] = [...wider].sort(byPrecedence);
  const applies = best && covers(best.path, path) && sameTarget(best.target, commonTarget(own));
  return applies ? addRequirements(best.access, letterPrefixes) : { decision: 'denied', added: [] };
}

/** Targets are compared without claim headers, which can be dropped. */
const withoutHeaders = ({ claimHeaders: _, ...rest }: Target): Target => rest;
const sameTarget = (a: Target, b: Target) => equalJson(withoutHeaders(a), withoutHeaders(b));

/** The one target of a pattern; targets of denied routes do not count. */
function commonTarget(own: readonly DraftRoute[]): Target {
  const targets = own.filter(({ access }) => access !== 'denied').map(({ target }) => target);
  const first = targets[0] ?? own[0]?.target ?? { upstream: BLOCKED_UPSTREAM };
  const headersDiffer = targets.some((target) => sameTarget(target, first) && !equalJson(target, first));
  return headersDiffer ? withoutHeaders(first) : first;
}

/** Merges the decisions for single methods to one rule for each distinct access. */
function groupRules(decisions: readonly { method: MethodClass; decision: Decision }[]): ResolvedRoute['rules'] {
  const groups = new Map<string, { methods: MethodClass[]; access: Access }>();
  for (const { method, decision } of decisions) {
    if (decision === 'denied') continue;
    const key = JSON.stringify(decision);
    const group = groups.get(key) ?? { methods: [], access: decision };
    group.methods.push(method);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ methods, access }) => ({
      methods: methods.length === METHOD_CLASSES.length ? undefined : methods.filter((method) => method !== 'other'),
      access,
    }))
    .filter(({ methods }) => methods === undefined || methods.length > 0);
}

function resolveRoute(path: string, own: readonly DraftRoute[], all: readonly DraftRoute[]): ResolvedRoute {
  const target = commonTarget(own);
  const otherTargets = own.filter((route) => route.access !== 'denied' && !sameTarget(route.target, target));
  const reachable = own.map((route) =>
    otherTargets.includes(route) ? { ...route, access: 'denied' as const } : route,
  );
  const decisions = METHOD_CLASSES.map((method) => ({ method, ...decide(path, method, reachable, all) }));
  return {
    path,
    target,
    rules: groupRules(decisions),
    sources: own,
    stricterFor: [...new Set(decisions.flatMap(({ added }) => added.map(({ name }) => name)))],
    otherTargets,
    claimHeadersDropped:
      target.claimHeaders === undefined && reachable.some((route) => route.target.claimHeaders !== undefined),
  };
}

/**
 * Returns the routes in the order in which the gateway has to match them. Where the gateway may choose another route than
 * the original, the requirements of all routes that the original may have chosen are combined, so that a request is
 * allowed only if all of them allow it.
 */
export function resolveRoutes(draftRoutes: readonly DraftRoute[]): ResolvedRoute[] {
  const routes = draftRoutes.flatMap((route) => [
    { ...route, otherMethods: false },
    ...(route.methods !== undefined && route.otherMethods === true
      ? [{ ...route, methods: [], access: 'denied' as const }]
      : []),
  ]);
  const paths = [...new Set(routes.map(({ path }) => path))].sort(byPrecision);
  return paths.map((path) =>
    resolveRoute(
      path,
      routes.filter((route) => route.path === path),
      routes,
    ),
  );
}
