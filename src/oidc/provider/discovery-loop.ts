/** Keeps the provider metadata current: retries with backoff until discovery succeeds, then repeats it every hour. */
import type { ServerMetadata } from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { describeError, type Logger } from '../../observe/log.ts';

export type DiscoveryState = { ready: true } | { ready: false; reason: string };

export interface DiscoveryLoop {
  /** The latest metadata; undefined until discovery has succeeded once. */
  latest(): ServerMetadata | undefined;
  /** The latest metadata. Waits for a running first attempt; rejects with `provider_unavailable` when there is none. */
  metadata(): Promise<ServerMetadata>;
  state(): DiscoveryState;
  /** Starts the loop. Resolves after the first attempt, whether it succeeded or not. */
  start(): Promise<void>;
  stop(): void;
}

/** Metadata seldom changes (a new jwks_uri, a new endpoint); one request per hour is cheap. */
const REDISCOVER_MS = 3_600_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

/** Creates the loop around one discovery attempt; nothing is requested before `start`. */
export function createDiscoveryLoop(
  issuer: string,
  discoverOnce: () => Promise<ServerMetadata>,
  log: Logger,
): DiscoveryLoop {
  let metadata: ServerMetadata | undefined;
  let reason = 'discovery has not started';
  let attempt: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let stopped = false;

  function schedule(delayMs: number): void {
    if (stopped) return;
    clearTimeout(timer);
    timer = setTimeout(() => void run(), delayMs).unref();
  }

  function succeed(found: ServerMetadata): void {
    metadata = found;
    if (failures > 0 || reason !== '') log.info({ issuer }, 'provider discovered');
    failures = 0;
    reason = '';
    schedule(REDISCOVER_MS);
  }

  function fail(error: unknown): void {
    reason = error instanceof Error ? error.message : String(error);
    const retryInMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(failures++, 10));
    const consequence = metadata ? 'the known metadata stays in use' : 'retrying';
    log.warn({ err: describeError(error), issuer, retryInMs }, `provider discovery failed; ${consequence}`);
    schedule(retryInMs);
  }

  function run(): Promise<void> {
    attempt ??= discoverOnce()
      .then(succeed)
      .catch(fail)
      .finally(() => {
        attempt = undefined;
      });
    return attempt;
  }

  return {
    latest: () => metadata,
    async metadata() {
      if (!metadata) await attempt;
      if (!metadata) throw new GatewayError('provider_unavailable', { detail: reason });
      return metadata;
    },
    state: () => (metadata ? { ready: true } : { ready: false, reason }),
    start: run,
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
