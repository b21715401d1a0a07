/** Counts and places of limits in the memory of one process, for a store that only this process opens. */
import { createLruCache } from '../../base/lru.ts';
import type { LimitReply, LimitReport, Limits, LimitWindow } from './store.ts';
import { WindowCounts } from './window-counts.ts';

/** Maximum callers that are remembered; of more, those that have sent nothing for longest start again. */
export const MAX_CALLERS = 100_000;

/** What is held under a name, and until when. */
type Places = Map<string, number>;

function removeExpired(places: Places, now: number): void {
  for (const [id, until] of places) if (until <= now) places.delete(id);
}

/** Creates the operations of the port on limits. */
export function createMemoryLimits(maxCallers = MAX_CALLERS): Limits {
  const callers = createLruCache<WindowCounts>(maxCallers);
  const held = new Map<string, Places>();
  const groups = new Map<string, Places>();

  function countReport({ name, requests, slot }: LimitWindow, { caller, counts, want }: LimitReport): LimitReply {
    const key = `${name} ${caller}`;
    const known = callers.get(key) ?? new WindowCounts();
    callers.set(key, known);
    known.prune(slot);
    known.addAll(WindowCounts.parse(counts));
    const granted = Math.max(0, Math.min(want, requests - known.total(slot)));
    if (granted > 0) known.add(slot, granted);
    return { granted, counts: known.toString() };
  }

  return {
    count: async (limit, reports) => reports.map((report) => countReport(limit, report)),
    async hold(name, id, max, now, until) {
      const places = held.get(name) ?? new Map<string, number>();
      removeExpired(places, now);
      if (places.size >= max) return false;
      held.set(name, places.set(id, until));
      return true;
    },
    async keep(name, ids, until) {
      const places = held.get(name) ?? new Map<string, number>();
      for (const id of ids) places.set(id, until);
      held.set(name, places);
    },
    async drop(name, ids) {
      const places = held.get(name);
      for (const id of ids) places?.delete(id);
      if (places?.size === 0) held.delete(name);
    },
    async join(group, member, now, until) {
      const members = groups.get(group) ?? new Map<string, number>();
      removeExpired(members, now);
      groups.set(group, members.set(member, until));
      return [...members.keys()];
    },
  };
}
