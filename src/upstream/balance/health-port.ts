/** Port of the health of endpoints: what the balancer reports about each, and the share of requests that it gets in return. */
import type { TargetState } from '../health/health-settings.ts';
import type { Outcome } from '../health/outcome.ts';
import type { ResponseHandler, UpstreamRequest } from '../http/request-port.ts';

/** Times are those of the clock of the pool. */
export interface EndpointHealth {
  /** 0: it takes no request. 1: its whole share. Between: a trial, or a slow start. */
  share(now: number): number;
  /** The endpoint was chosen for a request. The returned number belongs to its results. */
  onSend(now: number): number;
  /** How a request went. */
  onResult(outcome: Outcome, era: number, now: number): void;
  state(now: number): TargetState;
}

/** The part of an endpoint that its health needs. */
export interface ObservedEndpoint {
  /** URL of the target, as configured. */
  readonly url: string;
  /** Address that its name resolved to; undefined while it is not resolved, or if its name is never resolved apart. */
  readonly address: string | undefined;
  /** Host and port of the target, for the Host header of checks. */
  readonly authority: string;
  /** Requests that it works on. */
  readonly inFlight: number;
  /** Sends a request to this endpoint, unobserved. */
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void;
}

/** The health of all endpoints of one upstream; it sees all of them, so that never more than a part is ejected. */
export interface PoolHealth {
  /** An endpoint joins the pool; `late`: while others already take requests. */
  add(endpoint: ObservedEndpoint, late: boolean): EndpointHealth;
  /** It left the pool, or the pool is closed. */
  remove(endpoint: ObservedEndpoint): void;
  /** Whether requests are refused while no endpoint takes any; otherwise they are sent to all as if all were healthy. */
  readonly refuses: boolean;
}

const ALWAYS: EndpointHealth = { share: () => 1, onSend: () => 0, onResult() {}, state: () => 'healthy' };

/** The health of endpoints that nothing observes. */
export const alwaysHealthy = (): PoolHealth => ({ add: () => ALWAYS, remove() {}, refuses: false });
