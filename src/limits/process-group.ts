/** The processes that count requests for the same limits, and the share of each in what they may count before they report it. */
import { randomUUID } from 'node:crypto';
import type { Limits } from '../store/port/store.ts';

const BEAT_MS = 5_000;
/** How long a process is a member after its last sign of life. */
const TTL_MS = 15_000;
/**
 * A process has no share until it has been a member for so long, and none so long after its last sign of life: each process with a share
 * knows of all others that have one, however late a sign of life is.
 */
const SETTLE_MS = 7_500;
const GROUP = 'limits';

export interface ProcessGroup {
  /** The part of a budget of requests that this process has for a caller; the parts of all processes add up to the budget. */
  shareOf(budget: number, caller: string): number;
  /** Stops the signs of life. */
  close(): void;
}

/** Spreads what a division leaves over the processes, differently for each caller. */
const offsetOf = (caller: string) => caller.charCodeAt(0) * 61 + caller.charCodeAt(caller.length - 1);

/** Creates the group. */
export function createProcessGroup(
  store: { readonly limits: Pick<Limits, 'join'> },
  clock: () => number,
): ProcessGroup {
  const self = randomUUID();
  let rank = 0;
  let size = 0;
  let joinedAt: number | undefined;
  let beatAt = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;

  async function beat(): Promise<void> {
    const now = clock();
    const members = (await store.limits.join(GROUP, self, now, now + TTL_MS)).sort();
    rank = Math.max(0, members.indexOf(self));
    size = members.length;
    beatAt = now;
    joinedAt ??= clock();
  }

  function start(): void {
    const run = () => void beat().catch(() => undefined);
    timer = setInterval(run, BEAT_MS).unref();
    run();
  }

  return {
    shareOf(budget, caller) {
      // Anonymous traffic never gets here, so a gateway without signed-in callers writes nothing to the store.
      if (timer === undefined) start();
      const now = clock();
      if (joinedAt === undefined || now - joinedAt < SETTLE_MS || now - beatAt >= SETTLE_MS) return 0;
      const rest = budget % size;
      return Math.floor(budget / size) + ((rank + offsetOf(caller)) % size < rest ? 1 : 0);
    },
    close: () => clearInterval(timer),
  };
}
