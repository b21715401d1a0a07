/** Chooses the endpoint of a request: by weight and turn, by load, or by the hash of a key. */
import type { PoolConfig } from '../../config/traffic/upstream-targets.ts';
import type { Endpoint } from './endpoint.ts';
import { scoreOf } from './rendezvous.ts';

/** Chooses one of several endpoints, whose `share` is current and above 0. */
export type Choose = (endpoints: readonly Endpoint[], hashKey: string | undefined) => Endpoint | undefined;

/** How far a target may be above its share of the requests in progress before the others are preferred. */
const MAX_LOAD_FACTOR = 1.25;

/**
 * Smooth weighted round-robin, as in nginx: each candidate gains its share, the one with the most is chosen and gives up what
 * all have gained. It needs no order and no counter, so shares and candidates may change at any time.
 */
function nextInTurn(candidates: readonly Endpoint[]): Endpoint | undefined {
  let total = 0;
  let chosen: Endpoint | undefined;
  for (const endpoint of candidates) {
    total += endpoint.share;
    endpoint.turn += endpoint.share;
    if (!chosen || endpoint.turn > chosen.turn) chosen = endpoint;
  }
  if (chosen) chosen.turn -= total;
  return chosen;
}

/**
 * In turn, among the endpoints that work on no more than their share of the requests in progress, with some tolerance. The
 * least number of requests alone would ignore the weights while there are few requests: most endpoints then work on none.
 */
function leastRequests(endpoints: readonly Endpoint[]): Endpoint | undefined {
  let shares = 0;
  let requests = 1;
  for (const { share, inFlight } of endpoints) {
    shares += share;
    requests += inFlight;
  }
  const perShare = (MAX_LOAD_FACTOR * requests) / shares;
  return nextInTurn(endpoints.filter(({ share, inFlight }) => inFlight < Math.ceil(perShare * share)));
}

/** By hash; a request without a key belongs to no endpoint. */
function byHash(endpoints: readonly Endpoint[], key: string | undefined): Endpoint | undefined {
  if (key === undefined) return leastRequests(endpoints);
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

/** Returns the choice that the configuration names. */
export function chooseBy(balance: PoolConfig['balance']): Choose {
  if (typeof balance === 'object') return byHash;
  return balance === 'round-robin' ? nextInTurn : leastRequests;
}
