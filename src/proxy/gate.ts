/** Lets a bounded number of calls through to one upstream; the others wait in line, and may leave it. */
import { GatewayError } from '../errors.ts';

export interface Gate {
  /**
   * Calls `admitted` as soon as there is room, at once if there is; `refused` instead when the line is full or the wait takes
   * longer than `patience` milliseconds. Returns how to leave the line, which does nothing after admission.
   */
  enter(patience: number, admitted: () => void, refused: (error: GatewayError) => void): () => void;
  /** Gives the place of an admitted call back. */
  leave(): void;
  /** Calls that wait. */
  waiting(): number;
}

const stay = () => {};

/** A gate for `places` calls at a time and a line of at most `line`. */
export function createGate(places: number, line: number): Gate {
  let taken = 0;
  // Insertion order makes it a queue; deletion from the middle is cheap.
  const waiting = new Set<() => void>();

  function wait(patience: number, admitted: () => void, refused: (error: GatewayError) => void) {
    const leaveLine = () => {
      clearTimeout(timer);
      waiting.delete(proceed);
    };
    const timer = setTimeout(() => {
      waiting.delete(proceed);
      refused(new GatewayError('upstream_busy', { detail: `no connection became free in ${patience} ms` }));
    }, patience);
    timer.unref();
    const proceed = () => {
      leaveLine();
      admitted();
    };
    waiting.add(proceed);
    return leaveLine;
  }

  return {
    enter(patience, admitted, refused) {
      if (taken < places) {
        taken += 1;
        admitted();
        return stay;
      }
      if (waiting.size < line) return wait(patience, admitted, refused);
      refused(new GatewayError('upstream_busy', { detail: `${line} calls wait already` }));
      return stay;
    },
    leave() {
      for (const proceed of waiting) return proceed();
      taken -= 1;
    },
    waiting: () => waiting.size,
  };
}
