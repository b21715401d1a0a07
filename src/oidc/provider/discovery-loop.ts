/** Keeps the provider metadata current: retries with backoff until discovery succeeds, then repeats it every hour. */
import type { ServerMetadata } from 'openid-client';
import { GatewayError, messageOf } from '../../base/errors.ts';
import { isCertificateError } from '../../base/system/unreachable.ts';
import { describeError, type Logger } from '../../observe/log.ts';

export type DiscoveryState = { ready: true } | { ready: false; reason: string };

/** Metadata seldom changes (a new jwks_uri, a new endpoint); one request per hour is cheap. */
const REDISCOVER_MS = 3_600_000;
const RETRY_MIN_MS = 500;
const RETRY_MAX_MS = 10_000;

const DOCTOR = 'run: bff-gateway doctor --config FILE';

/** What an operator can do about a failed discovery. */
const hintFor = (error: unknown) =>
  isCertificateError(error) ? `set provider.ca to a PEM file with the CA of the provider, or ${DOCTOR}` : DOCTOR;

/** Repeats one discovery attempt; nothing is requested before `start`. */
export class DiscoveryLoop {
  readonly #issuer: string;
  readonly #discover: () => Promise<ServerMetadata>;
  readonly #log: Logger;
  #metadata: ServerMetadata | undefined;
  #reason = 'discovery has not started';
  #attempt: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #stopped = false;

  constructor(issuer: string, discover: () => Promise<ServerMetadata>, log: Logger) {
    this.#issuer = issuer;
    this.#discover = discover;
    this.#log = log;
  }

  /** The latest metadata; undefined until discovery has succeeded once. */
  latest(): ServerMetadata | undefined {
    return this.#metadata;
  }

  /** The latest metadata. Waits for a running first attempt; rejects with `provider_unavailable` when there is none. */
  async metadata(): Promise<ServerMetadata> {
    if (!this.#metadata) await this.#attempt;
    if (!this.#metadata) throw new GatewayError('provider_unavailable', { detail: this.#reason });
    return this.#metadata;
  }

  state(): DiscoveryState {
    return this.#metadata ? { ready: true } : { ready: false, reason: this.#reason };
  }

  /** Starts the loop. Resolves after the first attempt, whether it succeeded or not. */
  start(): Promise<void> {
    this.#attempt ??= this.#discover()
      .then((metadata) => this.#succeed(metadata))
      .catch((error: unknown) => this.#fail(error))
      .finally(() => {
        this.#attempt = undefined;
      });
    return this.#attempt;
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #succeed(metadata: ServerMetadata): void {
    this.#metadata = metadata;
    if (this.#failures > 0 || this.#reason !== '') this.#log.info({ issuer: this.#issuer }, 'provider discovered');
    this.#failures = 0;
    this.#reason = '';
    this.#schedule(REDISCOVER_MS);
  }

  #fail(error: unknown): void {
    this.#reason = messageOf(error);
    const retryInMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** Math.min(this.#failures++, 10));
    const consequence = this.#metadata ? 'the known metadata stays in use' : 'retrying';
    this.#log.warn(
      { err: describeError(error), issuer: this.#issuer, hint: hintFor(error), retryInMs },
      `provider discovery failed; ${consequence}`,
    );
    this.#schedule(retryInMs);
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.start(), delayMs).unref();
  }
}
