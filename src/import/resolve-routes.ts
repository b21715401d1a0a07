/** Turns the routes of a draft into those of the gateway, so that no call is let in that the original would have refused. */
import { type Access, both } from './draft/access.ts';
import { type Decision, type DraftRoute, METHODS, type Method, NOWHERE, type Target } from './draft/draft.ts';
import { besideLetters, byPrecision, covers, overlap } from './draft/patterns.ts';

/** A route with one pattern; a method in no rule is denied. */
export interface ResolvedRoute {
  path: string;
  target: Target;
  rules: readonly { methods: readonly Method[] | undefined; access: Access }[];
  /** The draft routes it came of. */
  from: readonly DraftRoute[];
  /** Names of the routes whose demands were added, since the original's own order or reach could not be said. */
  stricterFor: readonly string[];
  /** Those that are denied, since their calls would go to another target than the others of this pattern. */
  elsewhere: readonly DraftRoute[];
  /** Headers that only some of them make of claims. */
  headersLost: boolean;
}

/** `other` stands for every method that has no name here. */
type Cell = Method | 'other';
const CELLS: readonly Cell[] = [...METHODS, 'other'];

const takes = ({ methods, otherMethods }: DraftRoute, cell: Cell) =>
  methods === undefined || (cell === 'other' ? otherMethods === true : methods.includes(cell));

/** Negative when `a` decides before `b` in the original. */
function byRank({ rank: a }: DraftRoute, { rank: b }: DraftRoute): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

interface Verdict {
  decision: Decision;
  added: readonly DraftRoute[];
}

/** What those that the original would not have asked first, or at all, put on top. */
function withAdded(own: Decision, others: readonly DraftRoute[]): Verdict {
  const added = others.filter(({ access }) => !same(both(own, access), own));
  return { decision: added.reduce<Decision>((sum, { access }) => both(sum, access), own), added };
}

/** What the gateway may say to calls that fall to this pattern, where the original may decide by any of several routes. */
function decide(path: string, cell: Cell, own: readonly DraftRoute[], all: readonly DraftRoute[]): Verdict {
  const asked = all.filter((route) => takes(route, cell));
  const mine = own.filter((route) => takes(route, cell));
  const later = asked.filter((route) => byPrecision(route.path, path) > 0 && overlap(route.path, path));
  const beside = asked.filter(
    (route) => route.letters === true && route.path !== path && besideLetters(path, route.path),
  );
  const [first] = mine;
  if (!first) return fallThrough(path, own, later, beside);
  const decision = mine.reduce<Decision>((sum, { access }) => both(sum, access), first.access);
  const loose = mine.some((route) => route.loose === true);
  // What the pattern covers beside the original's own paths, such as a slash at the end, is of any of these there.
  const decides = (route: DraftRoute) => loose || mine.some((one) => byRank(route, one) < 0);
  return withAdded(decision, [...later.filter(decides), ...beside.filter(decides)]);
}

/** A method that no route of this pattern takes goes on to a wider route; here it can only if that one has the same target. */
function fallThrough(
  path: string,
  own: readonly DraftRoute[],
  later: readonly DraftRoute[],
  beside: readonly DraftRoute[],
): Verdict {
  const [best] = [...later].sort(byRank);
  const fits = best && covers(best.path, path) && goTogether(best.target, targetOf(own));
  return fits ? withAdded(best.access, beside) : { decision: 'denied', added: [] };
}

/** Without the headers that are made of claims: those can be missed. */
const withoutHeaders = ({ claimHeaders: _, ...rest }: Target): Target => rest;
const goTogether = (a: Target, b: Target) => same(withoutHeaders(a), withoutHeaders(b));

/** A pattern has one target. What nobody is let through to has none of its own. */
function targetOf(own: readonly DraftRoute[]): Target {
  const targets = own.filter(({ access }) => access !== 'denied').map(({ target }) => target);
  const first = targets[0] ?? own[0]?.target ?? { upstream: NOWHERE };
  const headersDiffer = targets.some((target) => goTogether(target, first) && !same(target, first));
  return headersDiffer ? withoutHeaders(first) : first;
}

function resolveRoute(path: string, own: readonly DraftRoute[], all: readonly DraftRoute[]): ResolvedRoute {
  const target = targetOf(own);
  const elsewhere = own.filter((route) => route.access !== 'denied' && !goTogether(route.target, target));
  const mine = own.map((route) => (elsewhere.includes(route) ? { ...route, access: 'denied' as const } : route));
  const verdicts = CELLS.map((cell) => ({ cell, ...decide(path, cell, mine, all) }));
  const groups = new Map<string, { cells: Cell[]; access: Access }>();
  for (const { cell, decision } of verdicts) {
    if (decision === 'denied') continue;
    const key = JSON.stringify(decision);
    const group = groups.get(key) ?? { cells: [], access: decision };
    group.cells.push(cell);
    groups.set(key, group);
  }
  const rules = [...groups.values()].map(({ cells, access }) => ({
    methods: cells.length === CELLS.length ? undefined : cells.filter((cell) => cell !== 'other'),
    access,
  }));
  const added = verdicts.flatMap((verdict) => verdict.added.map(({ name }) => name));
  return {
    path,
    target,
    rules: rules.filter(({ methods }) => methods === undefined || methods.length > 0),
    from: own,
    stricterFor: [...new Set(added)],
    elsewhere,
    headersLost: target.claimHeaders === undefined && mine.some((route) => route.target.claimHeaders !== undefined),
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
