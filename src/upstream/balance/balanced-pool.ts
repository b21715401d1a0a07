/** Distributes the requests of one upstream over its endpoints. */
import type { PoolConfig } from '../../config/traffic/upstream-targets.ts';
import { UpstreamFault } from '../http/fault.ts';
import type { Pool } from '../http/pool.ts';
import type { ResponseHandler, TargetChoice, UpstreamRequest } from '../http/request-port.ts';
import { Assignment, ObservedRequest } from './assignment.ts';
import { type Choose, createChoose } from './choose.ts';
import type { Endpoint, EndpointState } from './endpoint.ts';
import type { PoolHealth } from './health-port.ts';
import { Members, type MembersParts } from './members.ts';

export interface BalancedPoolParts extends MembersParts {
  readonly config: PoolConfig;
}

const noTarget = () => new UpstreamFault('UPSTREAM_UNAVAILABLE', 'no target of the upstream takes requests');

/** The headers with another Host. */
export function withHost(headers: readonly string[], host: string): string[] {
  const changed = [...headers];
  for (let at = 0; at < changed.length; at += 2) if (changed[at]?.toLowerCase() === 'host') changed[at + 1] = host;
  return changed;
}

export class BalancedPool implements Pool {
  readonly #health: PoolHealth;
  readonly #clock: () => number;
  readonly #choose: Choose;
  readonly #members: Members;

  constructor(parts: BalancedPoolParts) {
    this.#health = parts.health;
    this.#clock = parts.clock;
    this.#choose = createChoose(parts.config.balance);
    this.#members = new Members(parts);
  }

  dispatch(request: UpstreamRequest, handler: ResponseHandler): void {
    const { choice } = request;
    const endpoint = this.#assignTo(choice);
    if (!endpoint) {
      queueMicrotask(() => handler.onError(noTarget()));
      return;
    }
    const sent = choice?.ownHost ? { ...request, headers: withHost(request.headers, endpoint.authority) } : request;
    endpoint.dispatch(sent, new ObservedRequest(endpoint, this.#clock, handler));
  }

  /** Assigns what is not sent by this pool, such as a WebSocket; throws if no target takes requests. */
  assign(choice: TargetChoice): Assignment {
    const endpoint = this.#assignTo(choice);
    if (!endpoint) throw noTarget();
    return new Assignment(endpoint, this.#clock);
  }

  /** The endpoint for a request, which is then among those that it has tried; undefined if none takes requests. */
  #assignTo(choice: TargetChoice | undefined): Endpoint | undefined {
    const available = this.#available();
    const last = choice?.again ? available.find((one) => one === choice.tried.at(-1)) : undefined;
    if (choice) choice.again = false;
    const fresh =
      choice && choice.tried.length > 0 ? available.filter((one) => !choice.tried.includes(one)) : available;
    const chosen = last ?? this.#choose(fresh.length > 0 ? fresh : available, choice?.hashKey);
    if (chosen) choice?.tried.push(chosen);
    return chosen;
  }

  /** The endpoints that take requests, each with its current share. */
  #available(): readonly Endpoint[] {
    const now = this.#clock();
    const { endpoints } = this.#members;
    let available = 0;
    for (const endpoint of endpoints) {
      endpoint.share = endpoint.weight * endpoint.health.share(now);
      if (endpoint.share > 0) available += 1;
    }
    if (available === endpoints.length) return endpoints;
    if (available > 0) return endpoints.filter(({ share }) => share > 0);
    if (this.#health.refuses) return [];
    for (const endpoint of endpoints) endpoint.share = endpoint.weight;
    return endpoints;
  }

  /** The endpoints as an operator sees them. */
  states(): EndpointState[] {
    const now = this.#clock();
    return this.#members.endpoints.map((endpoint) => endpoint.state(now));
  }

  destroy(): void {
    this.#members.destroy();
  }
}
