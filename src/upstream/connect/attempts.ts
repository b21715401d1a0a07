/** Connects to the first address of a host that accepts the connection (RFC 8305, Happy Eyeballs). */
import type { LookupAddress } from 'node:dns';
import type { LookupFunction, Socket } from 'node:net';

export interface Target {
  readonly host: string;
  readonly lookup: LookupFunction;
  /** Opens a socket to one address. */
  open(address: string): Socket;
}

export interface ConnectEvents {
  onConnected(socket: Socket): void;
  /** No connection; without an error when the peer closed it. May be called again, and after `cancel`. */
  onFailed(error?: Error): void;
}

/** A connection that is being established. Its owner limits the time. */
export interface Connecting {
  /** Closes everything. */
  cancel(): void;
}

/** Delay after which the next address is tried as well, while the earlier attempts continue (RFC 8305 section 8). */
const ATTEMPT_DELAY_MS = 250;

/** Returns the addresses with alternating families, starting with that of the first one (RFC 8305 section 4). */
function interleave(addresses: readonly LookupAddress[]): string[] {
  const first = addresses.filter(({ family }) => family === addresses[0]?.family);
  const second = addresses.filter(({ family }) => family !== addresses[0]?.family);
  const order: LookupAddress[] = [];
  for (let index = 0; index < addresses.length; index += 1)
    order.push(...first.slice(index, index + 1), ...second.slice(index, index + 1));
  return order.map(({ address }) => address);
}

/** The attempts to reach one host. */
class Attempts implements Connecting {
  readonly #target: Target;
  readonly #events: ConnectEvents;
  readonly #sockets = new Set<Socket>();
  #remaining: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #firstError: Error | undefined;
  #over = false;

  constructor(target: Target, events: ConnectEvents) {
    this.#target = target;
    this.#events = events;
    target.lookup(target.host, { all: true }, (error, addresses) => {
      if (this.#over) return;
      // Later, because an owner may rely on the return value of `connectToFirst`.
      if (error || addresses.length === 0)
        return queueMicrotask(() => this.#end(() => events.onFailed(error ?? undefined)));
      this.#remaining = interleave(Array.isArray(addresses) ? addresses : [{ address: addresses, family: 4 }]);
      this.#tryNext();
    });
  }

  cancel(): void {
    this.#end(() => {});
  }

  #tryNext(): void {
    clearTimeout(this.#timer);
    const address = this.#remaining.shift();
    if (address === undefined) return;
    const socket = this.#target.open(address);
    this.#sockets.add(socket);
    // Stays on the socket, which may fail once more while TLS takes it over.
    socket.on('error', (error) => this.#onError(socket, error));
    socket.once('connect', () => {
      this.#sockets.delete(socket);
      this.#end(() => this.#events.onConnected(socket));
    });
    if (this.#remaining.length > 0) this.#timer = setTimeout(() => this.#tryNext(), ATTEMPT_DELAY_MS);
  }

  /** A failed attempt starts the next one at once. If all fail, the first error says most: often only its family is in use. */
  #onError(socket: Socket, error: Error): void {
    this.#sockets.delete(socket);
    if (this.#over) return;
    this.#firstError ??= error;
    if (this.#remaining.length > 0) this.#tryNext();
    else if (this.#sockets.size === 0) this.#end(() => this.#events.onFailed(this.#firstError));
  }

  #end(notify: () => void): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#timer);
    for (const socket of this.#sockets) socket.destroy();
    notify();
  }
}

/** Starts the attempts. Each may last until `cancel`, so a slow address is not given up for the next one. */
export function connectToFirst(target: Target, events: ConnectEvents): Connecting {
  return new Attempts(target, events);
}
