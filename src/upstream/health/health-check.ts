/** Checks one target at an interval with requests of the gateway's own, without tokens and cookies. */
import { timedOut } from '../http/fault.ts';
import type { RequestControl, ResponseHandler, UpstreamRequest } from '../http/request-port.ts';
import type { ResponseHead } from '../http/response-head.ts';
import type { CheckThresholds } from './health-settings.ts';

export interface CheckSettings extends CheckThresholds {
  readonly path: string;
  readonly interval: number;
  readonly timeout: number;
  /** Statuses that pass, as `204` or `200-299`. */
  readonly expect: readonly string[];
  readonly host?: string | undefined;
}

export interface CheckParts {
  readonly settings: CheckSettings;
  /** Host and port of the target. */
  readonly authority: string;
  dispatch(request: UpstreamRequest, handler: ResponseHandler): void;
  /** From 0 up to 1; spreads the checks of targets and processes. */
  random(): number;
  /** The check passed, or failed. Returns whether the target is healthy; otherwise the next check comes soon. */
  onResult(passed: boolean): boolean;
}

/** Maximum time between two checks of a target that is not healthy. */
const RETRY_INTERVAL_MS = 1_000;
/** Intervals vary by this part. */
const JITTER = 0.1;
/** A larger body is not read to its end, so its connection is closed. */
const MAX_BODY_BYTES = 16 * 1024;

/** Returns whether a status is among those of the option. */
function createExpected(expect: readonly string[]): (status: number) => boolean {
  const ranges = expect.map((text) => {
    const [from = 0, to = from] = text.split('-').map(Number);
    return { from, to };
  });
  return (status) => ranges.some(({ from, to }) => status >= from && status <= to);
}

/** One check: it ends with the head of the response, a failure, or its time limit. */
class Check implements ResponseHandler {
  readonly #timer: NodeJS.Timeout;
  readonly #onStatus: (status: number) => void;
  #control: RequestControl | undefined;
  #decided = false;
  #closed = false;
  #received = 0;

  /** `onStatus` gets 0 if there was no response. */
  constructor(timeoutMs: number, onStatus: (status: number) => void) {
    this.#onStatus = onStatus;
    this.#timer = setTimeout(() => this.close(), timeoutMs).unref();
  }

  /** Gives the check up. */
  close(): void {
    this.#closed = true;
    this.#control?.abort(this);
    this.onError(timedOut(this.#decided));
  }

  onSend(control: RequestControl): void {
    this.#control = control;
    if (this.#closed) control.abort(this);
  }

  onInformational(): void {}

  onHead({ status }: ResponseHead): void {
    this.#decide(status);
  }

  onData(chunk: Buffer): void {
    this.#received += chunk.length;
    if (this.#received > MAX_BODY_BYTES) this.#control?.abort(this);
  }

  onEnd(): void {
    clearTimeout(this.#timer);
  }

  onError(_error: Error): void {
    clearTimeout(this.#timer);
    this.#decide(0);
  }

  #decide(status: number): void {
    if (this.#decided) return;
    this.#decided = true;
    this.#onStatus(status);
  }
}

/** The checks of one target in this process. */
export class HealthCheck {
  readonly #parts: CheckParts;
  readonly #expects: (status: number) => boolean;
  readonly #request: UpstreamRequest;
  #timer: NodeJS.Timeout | undefined;
  #check: Check | undefined;
  #closed = false;

  constructor(parts: CheckParts) {
    const { settings, authority, random } = parts;
    this.#parts = parts;
    this.#expects = createExpected(settings.expect);
    const headers = ['Host', settings.host ?? authority, 'User-Agent', 'bff-gateway-health-check', 'Accept', '*/*'];
    this.#request = { method: 'GET', path: settings.path, headers, body: null, repeatable: true };
    this.#schedule(random() * Math.min(settings.interval, RETRY_INTERVAL_MS));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#check?.close();
  }

  #schedule(delayMs: number): void {
    if (!this.#closed) this.#timer = setTimeout(() => this.#run(), delayMs).unref();
  }

  #run(): void {
    const { settings, dispatch } = this.#parts;
    this.#check = new Check(settings.timeout, (status) => this.#onStatus(status));
    dispatch(this.#request, this.#check);
  }

  #onStatus(status: number): void {
    if (this.#closed) return;
    const { settings, random, onResult } = this.#parts;
    const passed = this.#expects(status);
    const settled = onResult(passed) && passed;
    const interval = settled ? settings.interval : Math.min(settings.interval, RETRY_INTERVAL_MS);
    this.#schedule(interval * (1 + JITTER * (2 * random() - 1)));
  }
}
