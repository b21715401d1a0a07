/** How far the provider's clock is from the gateway's, by the `Date` header of responses that no cache can have stored. */
import type { Logger } from '../../observe/log.ts';
import type { ProviderMetrics } from '../../observe/metrics/metrics.ts';

export interface ClockSkewOptions {
  log: Logger;
  /** Difference from which it is logged, in milliseconds. */
  tolerance: number;
  metrics?: Pick<ProviderMetrics, 'setClockSkew'> | undefined;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

/** The difference between the clocks of one provider and of this process. */
export class ClockSkew {
  readonly #options: ClockSkewOptions;
  #skew = 0;
  #large = false;

  constructor(options: ClockSkewOptions) {
    this.#options = options;
  }

  /**
   * Milliseconds to add to the gateway's clock to get the provider's time, by the last response; 0 without one. Once a clock
   * has been set, the next response corrects it.
   */
  current(): number {
    return this.#skew;
  }

  /** Starts to observe a request; the returned function reads the `Date` header of its response. */
  start(): (headers: Headers) => void {
    const sentAt = this.#options.clock();
    return (headers) => {
      const date = Date.parse(headers.get('date') ?? '');
      // The header names the second in which the response was created, between the request and now (RFC 9110 section 6.6.1).
      const [lowest, highest] = [date - this.#options.clock(), date + 1000 - sentAt];
      // Neither without a date, nor if the gateway's clock was set back during the request.
      if (lowest <= highest) this.#record(lowest > 0 ? lowest : Math.min(0, highest));
    };
  }

  #record(skew: number): void {
    this.#skew = skew;
    this.#options.metrics?.setClockSkew(skew / 1000);
    this.#report();
  }

  /** Logs once that the clocks differ, and once that they agree again. */
  #report(): void {
    const { log, tolerance } = this.#options;
    const large = Math.abs(this.#skew) > tolerance;
    if (large === this.#large) return;
    this.#large = large;
    const skewSeconds = Math.round(this.#skew / 1000);
    if (large)
      log.warn(
        { skewSeconds },
        'the clock of the provider differs from that of the gateway by more than clockTolerance; sessions are kept; check both clocks',
      );
    else log.info({ skewSeconds }, 'the clocks of provider and gateway agree again');
  }
}
