/** Turns the routes of a draft into those of the gateway, so that no call is let in that the original would have refused. */
import { type Access, combineAccess } from './draft/access.ts';
import { BLOCKED_UPSTREAM, type Decision, type DraftRoute, METHODS, type Method, type Target } from './draft/draft.ts';
import { byPrecision, covers, matchesLetterPrefix, overlaps } from './draft/patterns.ts';

/** A route with one pattern; a method in no rule is denied. */
export interface ResolvedRoute {
  path: string;
  target: Target;
  rules: readonly { methods: readonly Method[] | undefined; access: Access }[];
  /** The draft routes it came of. */
  sources: readonly DraftRoute[];
  /** Names of the routes whose demands were added, since the original's own order or reach could not be said. */
  stricterFor: readonly string[];
  /** Those that are denied, since their calls would go to another target than the others of this pattern. */
  otherTargets: readonly DraftRoute[];
  /** Headers that only some of them make of claims. */
  claimHeadersDropped: boolean;
}

/** `other` stands for every method that has no name here. */
type MethodClass = Method | 'other';
const METHOD_CLASSES: readonly MethodClass[] = [...METHODS, 'other'];

const acceptsMethod = ({ methods, otherMethods }: DraftRoute, cell: MethodClass) =>
  methods === undefined || (cell === 'other' ? otherMethods === true : methods.includes(cell));

/** Negative when `a` decides before `b` in the original. */
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
  added: readonly DraftRoute[];
}

/** What those that the original would not have asked first, or at all, put on top. */
function addRequirements(own: Decision, others: readonly DraftRoute[]): RouteDecision {
  const added = others.filter(({ access }) => !equalJson(combineAccess(own, access), own));
  return { decision: added.reduce<Decision>((sum, { access }) => combineAccess(sum, access), own), added };
}

/** What the gateway may say to calls that fall to this pattern, where the original may decide by any of several routes. */
function decide(
  path: string,
  cell: MethodClass,
  own: readonly DraftRoute[],
  all: readonly DraftRoute[],
): RouteDecision {
  const asked = all.filter((route) => acceptsMethod(route, cell));
  const mine = own.filter((route) => acceptsMethod(route, cell));
  const later = asked.filter((route) => byPrecision(route.path, path) > 0 && overlaps(route.path, path));
  const beside = asked.filter(
    (route) => route.letterPrefix === true && route.path !== path && matchesLetterPrefix(path, route.path),
  );
  const [first] = mine;
  if (!first) return fallThrough(path, own, later, beside);
  const decision = mine.reduce<Decision>((sum, { access }) => combineAccess(sum, access), first.access);
  const loose = mine.some((route) => route.widened === true);
  // What the pattern covers beside the original's own paths, such as a slash at the end, is of any of these there.
  const decides = (route: DraftRoute) => loose || mine.some((one) => byPrecedence(route, one) < 0);
  return addRequirements(decision, [...later.filter(decides), ...beside.filter(decides)]);
}

/** A method that no route of this pattern takes goes on to a wider route; here it can only if that one has the same target. */
function fallThrough(
  path: string,
  own: readonly DraftRoute[],
  later: readonly DraftRoute[],
  beside: readonly DraftRoute[],
): RouteDecision {
  const [best] = [...later].sort(byPrecedence);
  const fits = best && covers(best.path, path) && sameTarget(best.target, commonTarget(own));
  return fits ? addRequirements(best.access, beside) : { decision: 'denied', added: [] };
}

/** Without the headers that are made of claims: those can be missed. */
const withoutHeaders = ({ claimHeaders: _, ...rest }: Target): Target => rest;
const sameTarget = (a: Target, b: Target) => equalJson(withoutHeaders(a), withoutHeaders(b));

/** A pattern has one target. What nobody is let through to has none of its own. */
function commonTarget(own: readonly DraftRoute[]): Target {
  const targets = own.filter(({ access }) => access !== 'denied').map(({ target }) => target);
  const first = targets[0] ?? own[0]?.target ?? { upstream: BLOCKED_UPSTREAM };
  const headersDiffer = targets.some((target) => sameTarget(target, first) && !equalJson(target, first));
  return headersDiffer ? withoutHeaders(first) : first;
}

function resolveRoute(path: string, own: readonly DraftRoute[], all: readonly DraftRoute[]): ResolvedRoute {
  const target = commonTarget(own);
  const otherTargets = own.filter((route) => route.access !== 'denied' && !sameTarget(route.target, target));
  const mine = own.map((route) => (otherTargets.includes(route) ? { ...route, access: 'denied' as const } : route));
  const verdicts = METHOD_CLASSES.map((cell) => ({ cell, ...decide(path, cell, mine, all) }));
  const groups = new Map<string, { cells: MethodClass[]; access: Access }>();
  for (const { cell, decision } of verdicts) {
    if (decision === 'denied') continue;
    const key = JSON.stringify(decision);
    const group = groups.get(key) ?? { cells: [], access: decision };
    group.cells.push(cell);
    groups.set(key, group);
  }
  const rules = [...groups.values()].map(({ cells, access }) => ({
    methods: cells.length === METHOD_CLASSES.length ? undefined : cells.filter((cell) => cell !== 'other'),
    access,
  }));
  const added = verdicts.flatMap((verdict) => verdict.added.map(({ name }) => name));
  return {
    path,
    target,
    rules: rules.filter(({ methods }) => methods === undefined || methods.length > 0),
    sources: own,
    stricterFor: [...new Set(added)],
    otherTargets,
    claimHeadersDropped:
      target.claimHeaders === undefined && mine.some((route) => route.target.claimHeaders !== undefined),
  };
}

/**
 * The routes in the order in which the gateway has to look at them. Where its choice of a route is not the original's,
 * the demands of every route that the original might have chosen are put together: a call gets through only if all of
 * them would have let it through.
 */
export function resolveRoutes(given: readonly DraftRoute[]): ResolvedRoute[] {
  const routes = given.flatMap((route) => [
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
