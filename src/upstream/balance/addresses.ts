/** Follows the addresses that the names of targets resolve to. */
import { isIP, type LookupFunction } from 'node:net';
import { isLoopbackHost } from '../../base/loopback.ts';

/** Least time between lookups because of failures, in milliseconds: a target that is down must not flood the resolver. */
const MIN_INTERVAL_MS = 1_000;

/**
 * The name of a URL whose addresses are followed. `localhost` is one server with two addresses (RFC 6761 section 6.3), and an
 * address is no name.
 */
export function followedName(url: string): string | undefined {
  const { hostname } = new URL(url);
  return hostname === '' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 || isLoopbackHost(hostname)
    ? undefined
    : hostname;
}

/** Resolves every name to one address. */
export const fixedLookup =
  (address: string): LookupFunction =>
  (_hostname, options, callback) => {
    const family = isIP(address);
    if (options.all) callback(null, [{ address, family }]);
    else callback(null, address, family);
  };

export interface AddressesParts {
  readonly name: string;
  readonly lookup: LookupFunction;
  readonly clock: () => number;
  /** The name resolved to other addresses than before. */
  onChange(addresses: readonly string[]): void;
  /** The name could not be resolved, for the first time since it could. */
  onFailed(error: Error | undefined): void;
}

export class Addresses {
  readonly #parts: AddressesParts;
  #known: readonly string[] = [];
  #startedAt = Number.NEGATIVE_INFINITY;
  #running = false;
  #failed = false;
  #stopped = false;

  constructor(parts: AddressesParts) {
    this.#parts = parts;
  }

  /** Resolves the name again because an address does not respond, unless that was done a moment ago. */
  check(): void {
    if (this.#parts.clock() - this.#startedAt >= MIN_INTERVAL_MS) this.refresh();
  }

  /** Resolves the name again. */
  refresh(): void {
    const { name, lookup, clock } = this.#parts;
    if (this.#running || this.#stopped) return;
    this.#running = true;
    this.#startedAt = clock();
    lookup(name, { all: true }, (error, found) => {
      this.#running = false;
      if (this.#stopped) return;
      const [first, ...others] = Array.isArray(found) ? found : [];
      if (error || !first) this.#fail(error ?? undefined);
      // The system sorts by what it can reach (RFC 6724): the addresses of another family may lead nowhere.
      else this.#take([first, ...others].filter(({ family }) => family === first.family).map(({ address }) => address));
    });
  }

  stop(): void {
    this.#stopped = true;
  }

  #fail(error: Error | undefined): void {
    if (!this.#failed) this.#parts.onFailed(error);
    this.#failed = true;
  }

  #take(found: readonly string[]): void {
    this.#failed = false;
    const addresses = [...new Set(found)].sort();
    if (addresses.join() === this.#known.join()) return;
    this.#known = addresses;
    this.#parts.onChange(addresses);
  }
}
