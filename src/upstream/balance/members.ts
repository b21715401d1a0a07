/** The endpoints of an upstream: those of each target, which follow the addresses of its name. */
import type { LookupFunction } from 'node:net';
import type { PoolConfig, TargetConfig } from '../../config/traffic/upstream-targets.ts';
import type { Pool } from '../http/pool.ts';
import { Addresses, fixedLookup, followedName } from './addresses.ts';
import { Endpoint } from './endpoint.ts';
import type { PoolHealth } from './health-port.ts';

export interface MembersParts {
  readonly config: Pick<PoolConfig, 'targets' | 'dns'>;
  /** Creates the connections to a target, with the way to resolve its name. */
  createPool(target: TargetConfig, lookup: LookupFunction): Pool;
  readonly lookup: LookupFunction;
  readonly health: PoolHealth;
  readonly clock: () => number;
  /** A number from 0 up to 1: workers and replicas must not all begin with the same target. */
  readonly random: () => number;
  /** The name of a target resolved to other addresses than before. */
  onAddresses?(url: string, addresses: readonly string[]): void;
  /** The name of a target can no longer be resolved; its last addresses stay. */
  onUnresolved?(url: string, error: Error | undefined): void;
}

/** A target with its endpoints. */
interface Member {
  readonly target: TargetConfig;
  readonly addresses: Addresses | undefined;
  endpoints: readonly Endpoint[];
}

export class Members {
  readonly #parts: MembersParts;
  readonly #members: readonly Member[];
  readonly #timer: NodeJS.Timeout | undefined;
  /** All endpoints that take requests. */
  endpoints: readonly Endpoint[] = [];

  constructor(parts: MembersParts) {
    this.#parts = parts;
    this.#members = parts.config.targets.map((target) => this.#createMember(target));
    this.#collect();
    for (const endpoint of this.endpoints) endpoint.turn = parts.random() / endpoint.weight;
    if (!this.#members.some(({ addresses }) => addresses)) return;
    this.#timer = setInterval(() => this.#refresh(), parts.config.dns.refresh).unref();
    this.#refresh();
  }

  /** Closes all connections. */
  destroy(): void {
    clearInterval(this.#timer);
    for (const { addresses } of this.#members) addresses?.stop();
    for (const endpoint of this.endpoints) {
      this.#parts.health.remove(endpoint);
      endpoint.destroy();
    }
  }

  #refresh(): void {
    for (const { addresses } of this.#members) addresses?.refresh();
  }

  #collect(): void {
    this.endpoints = this.#members.flatMap(({ endpoints }) => endpoints);
  }

  #createMember(target: TargetConfig): Member {
    const { lookup, clock, onAddresses, onUnresolved } = this.#parts;
    const name = followedName(target.url);
    const addresses =
      name === undefined
        ? undefined
        : new Addresses({
            name,
            lookup,
            clock,
            onChange: (found) => {
              this.#replace(member, found);
              onAddresses?.(target.url, found);
            },
            onFailed: (error) => onUnresolved?.(target.url, error),
          });
    // Until the name is resolved, each connection resolves it.
    const member: Member = { target, addresses, endpoints: [] };
    member.endpoints = [this.#createEndpoint(member, undefined)];
    return member;
  }

  #createEndpoint({ target, addresses, endpoints }: Member, address: string | undefined): Endpoint {
    const { createPool, health } = this.#parts;
    const lookup = address === undefined ? this.#parts.lookup : fixedLookup(address);
    return new Endpoint({
      target,
      address,
      lookup,
      pool: createPool(target, lookup),
      weight: target.weight,
      health,
      // The first addresses take the place of the name, which has served so far.
      late: endpoints.some((endpoint) => endpoint.address !== undefined),
      onUnreachable: () => addresses?.check(),
    });
  }

  /** Keeps the endpoints of addresses that are still in use. The others take no request more, and end those that they have. */
  #replace(member: Member, addresses: readonly string[]): void {
    const before = member.endpoints;
    const kept = new Map(before.map((endpoint) => [endpoint.address, endpoint]));
    member.endpoints = addresses.map((address) => kept.get(address) ?? this.#createEndpoint(member, address));
    for (const endpoint of member.endpoints) endpoint.weight = member.target.weight / addresses.length;
    this.#collect();
    for (const endpoint of before) {
      if (member.endpoints.includes(endpoint)) continue;
      this.#parts.health.remove(endpoint);
      endpoint.drain();
    }
  }
}
