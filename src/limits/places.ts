/** Limits how many requests of a caller are in progress, over all processes: each one holds a place until it ends. */
import { randomUUID } from 'node:crypto';
import { GatewayError } from '../base/errors.ts';
import type { Limits } from '../store/port/store.ts';
import type { LimitedCaller } from './limited-caller.ts';

/** How long a place outlives a process that ended without giving it back. */
const TTL_MS = 30_000;
const KEEP_MS = 10_000;

export interface PlaceLimit {
  readonly name: string;
  readonly concurrent: number;
  readonly onStoreOutage: 'local' | 'refuse';
}

/** The result of an attempt to hold a place. */
export interface PlaceVerdict {
  /** Gives the place back; undefined if none was free. */
  readonly release: (() => void) | undefined;
  /** Places of the caller that are free, as far as this process knows. */
  readonly remaining: number;
  /** Whether the store is unavailable, so that this process decided alone. */
  readonly local: boolean;
}

export interface Places {
  /** Rejects with `store_unavailable` if the limit says so. */
  hold(caller: LimitedCaller): Promise<PlaceVerdict>;
  close(): void;
}

interface PlaceParts {
  store: { readonly limits: Pick<Limits, 'hold' | 'keep' | 'drop'> };
  clock: () => number;
}

/** The ids of the places that this process holds in the store, by caller. */
type HeldIds = Map<string, Set<string>>;

/** Holds places in the store for as long as their requests last. */
function createStoredPlaces({ store, clock }: PlaceParts, limit: PlaceLimit) {
  const held: HeldIds = new Map();
  const timer = setInterval(keepAll, KEEP_MS).unref();
  let isClosed = false;
  const keyOf = (caller: string) => `${limit.name}:${caller}`;

  function keepAll(): void {
    if (isClosed && held.size === 0) clearInterval(timer);
    const until = clock() + TTL_MS;
    for (const [caller, ids] of held) store.limits.keep(keyOf(caller), [...ids], until).catch(() => undefined);
  }

  return {
    /** Returns whether the place is held. */
    async hold(caller: string, id: string): Promise<boolean> {
      const now = clock();
      const isHeld = await store.limits.hold(keyOf(caller), id, limit.concurrent, now, now + TTL_MS);
      if (isHeld) held.set(caller, (held.get(caller) ?? new Set()).add(id));
      return isHeld;
    },
    drop(caller: string, id: string): void {
      const ids = held.get(caller);
      if (!ids?.delete(id)) return;
      if (ids.size === 0) held.delete(caller);
      // If this fails, the place expires.
      store.limits.drop(keyOf(caller), [id]).catch(() => undefined);
    },
    // After a reload, streams that are still open go on holding theirs.
    close() {
      isClosed = true;
    },
  };
}

/** Counts the places that each caller holds in this process. */
function createOwnPlaces(max: number) {
  const counts = new Map<string, number>();
  return {
    /** Returns how many are left after this one; undefined if none was free. */
    take(caller: string): number | undefined {
      const held = counts.get(caller) ?? 0;
      if (held >= max) return undefined;
      counts.set(caller, held + 1);
      return max - held - 1;
    },
    give(caller: string): void {
      const left = (counts.get(caller) ?? 1) - 1;
      if (left > 0) counts.set(caller, left);
      else counts.delete(caller);
    },
  };
}

const FULL: PlaceVerdict = { release: undefined, remaining: 0, local: false };

/** Creates the places of a limit. */
export function createPlaces(limit: PlaceLimit, parts: PlaceParts): Places {
  const stored = createStoredPlaces(parts, limit);
  const own = createOwnPlaces(limit.concurrent);

  /** Whether all processes together have a free place. */
  async function holdStored(caller: string, id: string): Promise<'held' | 'full' | 'local'> {
    try {
      return (await stored.hold(caller, id)) ? 'held' : 'full';
    } catch (error) {
      const isOutage = error instanceof GatewayError && error.code === 'store_unavailable';
      if (isOutage && limit.onStoreOutage === 'local') return 'local';
      own.give(caller);
      throw error;
    }
  }

  return {
    async hold({ name, isShared }) {
      const remaining = own.take(name);
      if (remaining === undefined) return FULL;
      const id = randomUUID();
      const outcome = isShared ? await holdStored(name, id) : 'held';
      if (outcome === 'full') {
        own.give(name);
        return FULL;
      }
      const release = () => {
        own.give(name);
        if (isShared) stored.drop(name, id);
      };
      return { release, remaining, local: outcome === 'local' };
    },
    close: stored.close,
  };
}
