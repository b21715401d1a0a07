/** Bounds the informational responses before a final one (RFC 9110 section 15.2). */
import { protocolError } from './fault.ts';

/** Maximum informational responses before the final one; together their heads may be as large as one head. */
const MAX_INFORMATIONAL = 20;

export class InformationalBudget {
  readonly #maxBytes: number;
  #count = 0;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** A new request is sent. */
  reset(): void {
    this.#count = 0;
    this.#bytes = 0;
  }

  /** Counts a head of `bytes` bytes. Throws `UpstreamFault` when there are too many. */
  add(bytes: number): void {
    this.#count += 1;
    this.#bytes += bytes;
    if (this.#count > MAX_INFORMATIONAL || this.#bytes > this.#maxBytes)
      throw protocolError('too many informational responses');
  }
}
