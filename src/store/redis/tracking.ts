/** Listens to one Redis for changes of session records (CLIENT TRACKING), and knows how far what it heard can be trusted. */
import { Redis, type RedisOptions } from 'ioredis';

export interface TrackingParts {
  options: RedisOptions & { replyMapping: 'legacy' };
  /** What the names of session records begin with. */
  prefix: string;
  /** Called with the name of a record that changed, or without one when any may have. */
  onChange(name?: string): void;
  onError(error: unknown): void;
}

export interface Tracking {
  /** Whether all changes but those of the last moment were told. */
  current(): boolean;
  /** Begins anew, with nothing taken as heard. */
  restart(): void;
  stop(): void;
}

const CHANNEL = '__redis__:invalidate';
const PING_MS = 250;
/**
 * Redis answers a ping behind all it had to tell before, so an answer vouches for this long from when it was asked for. A
 * connection that is cut without a word, or a process that stood still, is over by then: with the poll of open streams in
 * mind, a second is what a session may be served after its end.
 */
const FRESH_MS = 900;

/** Connects in the background, and again whenever the connection is lost. */
export function trackChanges({ options, prefix, onChange, onError }: TrackingParts): Tracking {
  // Of pushes in RESP3 ioredis hands on none of this kind.
  const client = new Redis({
    ...options,
    protocol: 2,
    enableAutoPipelining: false,
    enableOfflineQueue: false,
    autoResubscribe: false,
  });
  let vouchedUntil = 0;
  let askAt = 0;
  let listening = false;
  let asking = false;

  function lost(): void {
    listening = false;
    vouchedUntil = 0;
  }

  async function listen(): Promise<void> {
    lost();
    const id = await client.client('ID');
    // To itself: tracking and messages end together, so there is no state in which one is there without the other.
    await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', prefix);
    await client.subscribe(CHANNEL);
    onChange();
    listening = true;
    await ask();
  }

  async function ask(): Promise<void> {
    if (!listening || asking) return;
    asking = true;
    const asked = performance.now();
    askAt = asked + PING_MS;
    try {
      await client.ping();
      if (listening) vouchedUntil = asked + FRESH_MS;
    } catch {
      // The connection says so itself.
    } finally {
      asking = false;
    }
  }

  function receive(message: unknown): void {
    // Nothing is named when everything was flushed.
    const names = Array.isArray(message) ? message : [message];
    for (const name of names) onChange(name === null || name === undefined ? undefined : String(name));
  }

  client.on('ready', () => {
    listen().catch(onError);
  });
  client.on('close', lost);
  client.on('error', (error: Error) => {
    lost();
    onError(error);
  });
  client.on('messageBuffer', (_channel: unknown, message: unknown) => receive(message));
  const timer = setInterval(() => void ask(), PING_MS).unref();

  return {
    current() {
      const now = performance.now();
      // Timers come late where a storm of calls keeps the process busy, and then the calls themselves have to ask.
      if (listening && now >= askAt) void ask();
      return now < vouchedUntil;
    },
    restart() {
      lost();
      if (client.status === 'ready') client.disconnect(true);
    },
    stop() {
      clearInterval(timer);
      lost();
      client.disconnect();
    },
  };
}
