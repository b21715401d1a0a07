/** Subscribes to changes of session records on one Redis server (CLIENT TRACKING) and knows whether any can be missing. */
import { Redis, type RedisOptions } from 'ioredis';
import { connectsWithoutInfo } from './options.ts';

export interface TrackingParts {
  options: RedisOptions & { replyMapping: 'legacy' };
  /** The prefix of the names of session records. */
  prefix: string;
  /** Called with the name of a record that changed, or without a name when any may have. */
  onChange(name?: string): void;
  onError(error: unknown): void;
  /** Called when notifications have begun, also after an error. */
  onStart(): void;
}

export interface Tracking {
  /** Whether notifications are up to date; changes of the last second may still be missing. */
  current(): boolean;
  /** Reconnects; `current` is false until then. */
  restart(): void;
  stop(): void;
}

const CHANNEL = '__redis__:invalidate';
const PING_INTERVAL_MS = 250;
/**
 * Redis replies to a ping after all earlier notifications, so a reply proves freshness for this long after the ping was
 * sent. It covers connections that are cut silently and processes that were suspended. Including the poll of open
 * streams, a session is served for at most one second after its end.
 */
const FRESH_MS = 900;

/** Decides whether tracking is current, from pings on the connection that receives the notifications. */
function createFreshness(client: Redis) {
  let freshUntil = 0;
  let nextPingAt = 0;
  let subscribed = false;
  let pinging = false;

  async function ping(): Promise<void> {
    if (!subscribed || pinging) return;
    pinging = true;
    const sentAt = performance.now();
    nextPingAt = sentAt + PING_INTERVAL_MS;
    try {
      await client.ping();
      if (subscribed) freshUntil = sentAt + FRESH_MS;
    } catch {
      // The connection reports its error itself.
    } finally {
      pinging = false;
    }
  }

  return {
    ping,
    async start(): Promise<void> {
      subscribed = true;
      await ping();
    },
    stop(): void {
      subscribed = false;
      freshUntil = 0;
    },
    current(): boolean {
      const now = performance.now();
      // Timers run late while many requests keep the process busy, so the requests themselves trigger the ping.
      if (subscribed && now >= nextPingAt) void ping();
      return now < freshUntil;
    },
  };
}

/** Redirects notifications to the same connection: tracking and notifications end together, so neither exists without the other. */
async function enableTracking(client: Redis, prefix: string): Promise<void> {
  const id = await client.client('ID');
  await client.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', prefix);
  await client.subscribe(CHANNEL);
}

/** Calls back with each name of an invalidation message; after a flush the message names no record. */
function readNames(message: unknown, onChange: (name?: string) => void): void {
  const names = Array.isArray(message) ? message : [message];
  for (const name of names) onChange(name === null || name === undefined ? undefined : String(name));
}

/** Connects in the background, and again when the connection is lost. */
export function trackChanges({ options, prefix, onChange, onError, onStart }: TrackingParts): Tracking {
  // RESP2: with RESP3 ioredis does not pass invalidation pushes on.
  const client = new Redis({
    ...options,
    protocol: 2,
    enableOfflineQueue: false,
    autoResubscribe: false,
  });
  const freshness = createFreshness(client);

  async function subscribe(): Promise<void> {
    freshness.stop();
    await enableTracking(client, prefix);
    onChange();
    await freshness.start();
    onStart();
  }

  let restarts = 0;
  client.on('ready', () => {
    const before = restarts;
    // A restart ends a subscription in progress on purpose; the next one follows at once.
    subscribe().catch((error: unknown) => before === restarts && onError(error));
  });
  client.on('close', freshness.stop);
  client.on('error', (error: Error) => {
    freshness.stop();
    if (!connectsWithoutInfo(client, error)) onError(error);
  });
  client.on('messageBuffer', (_channel: unknown, message: unknown) => readNames(message, onChange));
  const timer = setInterval(() => void freshness.ping(), PING_INTERVAL_MS).unref();

  return {
    current: freshness.current,
    restart() {
      freshness.stop();
      if (client.status !== 'ready') return;
      restarts += 1;
      client.disconnect(true);
    },
    stop() {
      clearInterval(timer);
      freshness.stop();
      client.disconnect();
    },
  };
}
