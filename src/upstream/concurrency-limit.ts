/** Lets a bounded number of calls through to one upstream; the others wait in line, and may leave it. */
import { GatewayError } from '../base/errors.ts';
import { Chain, Link } from '../tuning/linked-list.ts';

/** Who wants to be let through. */
export interface Visitor {
  /** It has a place, to be given back with `leave`. */
  onAdmitted(): void;
  /** The line is full, or the wait took too long. */
  onRefused(error: GatewayError): void;
}

export interface Gate {
  /**
   * Admits the visitor as soon as there is room, before this returns if there is; refuses it when the line is full or the
   * wait takes longer than `patience` milliseconds. Returns the place in line, to leave it, where there is one.
   */
  enter(patience: number, visitor: Visitor): Waiting | undefined;
  /** Gives the place of an admitted visitor back. */
  leave(): void;
  /** Visitors that wait. */
  waiting(): number;
}

/** A place in line. */
export interface Waiting {
  /** Does nothing when the wait is over. */
  leave(): void;
}

class PlaceInLine extends Link {
  readonly visitor: Visitor;
  readonly #timer: NodeJS.Timeout;

  constructor(visitor: Visitor, patience: number) {
    super();
    this.visitor = visitor;
    this.#timer = setTimeout(() => {
      this.leave();
      visitor.onRefused(new GatewayError('upstream_busy', { detail: `no connection became free in ${patience} ms` }));
    }, patience).unref();
  }

  override leave(): boolean {
    if (!super.leave()) return false;
    clearTimeout(this.#timer);
    return true;
  }
}

/** A gate for `places` calls at a time and a line of at most `line`. */
export function createGate(places: number, line: number): Gate {
  let taken = 0;
  const queue = new Chain<PlaceInLine>();

  return {
    enter(patience, visitor) {
      if (taken < places) {
        taken += 1;
        visitor.onAdmitted();
        return undefined;
      }
      if (queue.size >= line) {
        visitor.onRefused(new GatewayError('upstream_busy', { detail: `${line} calls wait already` }));
        return undefined;
      }
      const place = new PlaceInLine(visitor, patience);
      queue.add(place);
      return place;
    },
    leave() {
      const next = queue.first;
      if (!next) {
        taken -= 1;
        return;
      }
      next.leave();
      next.visitor.onAdmitted();
    },
    waiting: () => queue.size,
  };
}
