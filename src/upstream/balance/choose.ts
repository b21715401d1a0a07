/** Chooses the endpoint of a request: by weight and turn, by load, or by the hash of a key. */
import type { PoolConfig } from '../../config/traffic/upstream-targets.ts';
import type { Endpoint } from './endpoint.ts';
import { scoreOf } from './rendezvous.ts';

/** Chooses one of several endpoints, whose `share` is current and above 0. */
export type Choose = (endpoints: readonly Endpoint[], hashKey: string | undefined) => Endpoint | undefined;

/** How far a target may be above its share of the requests in progress before the others are preferred. */
const MAX_LOAD_FACTOR = 1.25;

/** How many requests a target that took none for a while may have in advance. */
const MAX_CREDIT = 2;

/**
 * Stride scheduling: an endpoint moves on by the inverse of its share each time that it is chosen, and the one that is furthest
 * behind is next. Shares and candidates may change at any time, and one that was left out catches up, but not by more than
 * its credit.
 */
class Turns {
  #reached = 0;

  next(candidates: readonly Endpoint[]): Endpoint | undefined {
    let chosen: Endpoint | undefined;
    for (const endpoint of candidates) {
      endpoint.turn = Math.max(endpoint.turn, this.#reached - MAX_CREDIT / endpoint.share);
      if (!chosen || endpoint.turn < chosen.turn) chosen = endpoint;
    }
    if (!chosen) return undefined;
    this.#reached = Math.max(this.#reached, chosen.turn);
    chosen.turn += 1 / chosen.share;
    return chosen;
  }
}

/**
 * The endpoints that work on no more than their share of the requests in progress, with some tolerance. The least number of
 * requests alone would ignore the weights while there are few requests: most endpoints then work on none.
 */
function withRoom(endpoints: readonly Endpoint[]): readonly Endpoint[] {
  let shares = 0;
  let requests = 1;
  for (const { share, inFlight } of endpoints) {
    shares += share;
    requests += inFlight;
  }
  const perShare = (MAX_LOAD_FACTOR * requests) / shares;
  const hasRoom = ({ share, inFlight }: Endpoint) => inFlight < Math.ceil(perShare * share);
  return endpoints.every(hasRoom) ? endpoints : endpoints.filter(hasRoom);
}

/** By hash: the endpoint with the highest score for the key. */
function byHash(endpoints: readonly Endpoint[], key: string): Endpoint | undefined {
  let chosen: Endpoint | undefined;
  let best = Number.NEGATIVE_INFINITY;
  for (const endpoint of endpoints) {
    const score = scoreOf(endpoint.seed, endpoint.share, key);
    if (score <= best) continue;
    best = score;
    chosen = endpoint;
  }
  return chosen;
}

/** Creates the choice that the configuration names. */
export function createChoose(balance: PoolConfig['balance']): Choose {
  const turns = new Turns();
  if (balance === 'round-robin') return (endpoints) => turns.next(endpoints);
  if (balance === 'least-requests') return (endpoints) => turns.next(withRoom(endpoints));
  // A request without a key belongs to no endpoint.
  return (endpoints, key) => (key === undefined ? turns.next(withRoom(endpoints)) : byHash(endpoints, key));
}
