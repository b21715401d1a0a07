/** One server of an upstream: a target, or one of the addresses of its name, with connections of its own. */
import type { LookupFunction } from 'node:net';
import type { TargetConfig } from '../../config/traffic/upstream-targets.ts';
import { httpUrlOf, serverOf } from '../connect/target-url.ts';
import type { TargetState } from '../health/health-settings.ts';
import type { Pool } from '../http/pool.ts';
import type { ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import type { EndpointHealth, ObservedEndpoint, PoolHealth } from './health-port.ts';
import { seedOf } from './rendezvous.ts';

/** What an operator sees of an endpoint. */
export interface EndpointState {
  readonly url: string;
  readonly address: string | undefined;
  readonly weight: number;
  readonly state: TargetState;
  readonly inFlight: number;
  /** Requests that it was chosen for since it joined. */
  readonly requests: number;
}

export interface EndpointParts {
  readonly target: TargetConfig;
  readonly address: string | undefined;
  /** Resolves the name of the target to this address. */
  readonly lookup: LookupFunction;
  readonly weight: number;
  readonly pool: Pool;
  readonly health: PoolHealth;
  /** It joins while others already take requests. */
  readonly late: boolean;
  /** No connection could be established: the address may be out of date. */
  onUnreachable(): void;
}

export class Endpoint implements ObservedEndpoint {
  readonly url: string;
  /** What its connections are opened to: an origin, or a Unix socket. */
  readonly origin: string;
  readonly authority: string;
  readonly address: string | undefined;
  readonly lookup: LookupFunction;
  /** The share of its target's weight. */
  weight: number;
  readonly pool: Pool;
  readonly health: EndpointHealth;
  inFlight = 0;
  requests = 0;
  /** Weight times health, at the latest choice. */
  share = 0;
  /** How far it has come in the order of turns. */
  turn = 0;
  /** Stands for it in hashes. */
  readonly seed: number;
  readonly onUnreachable: () => void;
  #draining = false;

  constructor(parts: EndpointParts) {
    const { target, address, lookup, weight, pool, health, late } = parts;
    this.url = target.url;
    this.origin = serverOf(target.url);
    this.authority = new URL(httpUrlOf(target.url)).host;
    this.address = address;
    this.lookup = lookup;
    this.onUnreachable = parts.onUnreachable;
    this.pool = pool;
    this.weight = weight;
    this.seed = seedOf(`${target.url} ${address ?? ''}`);
    this.health = health.add(this, late);
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    this.pool.dispatch(request, handler);
  }

  /** A request was assigned to it; the returned number belongs to its results. */
  begin(now: number): number {
    this.inFlight += 1;
    this.requests += 1;
    return this.health.onSend(now);
  }

  /** A request that was assigned to it is over. */
  end(): void {
    this.inFlight -= 1;
    if (this.#draining && this.inFlight === 0) this.pool.destroy();
  }

  /** Takes no further request; its connections close when the last one of its requests is over. */
  drain(): void {
    this.#draining = true;
    if (this.inFlight === 0) this.pool.destroy();
  }

  /** Closes its connections at once. */
  destroy(): void {
    this.pool.destroy();
  }

  state(now: number): EndpointState {
    const { url, address, weight, inFlight, requests } = this;
    return { url, address, weight, inFlight, requests, state: this.health.state(now) };
  }
}
