/** Collects the text of a head or a line, which may arrive in several parts. */
import { protocolError } from './fault.ts';

/**
 * Throws when the text so far cannot become valid. `lineStart` is the return value of the previous call; `length` is the
 * length that the text had then. Returns where the line that is incomplete starts.
 */
export type CheckIncomplete = (text: string, lineStart: number, length: number) => number;

/** A class and not closures, because its methods run for every packet. */
export class TextReader {
  #text = '';
  #next = 0;
  #lineStart = 0;

  /** The text so far, or the whole text without its end. */
  get text(): string {
    return this.#text;
  }

  /** Index in the last chunk after the bytes that were consumed. */
  get next(): number {
    return this.#next;
  }

  /** Starts a new text; `prefix` was received before and is part of it. */
  reset(prefix = ''): void {
    this.#text = prefix;
    this.#lineStart = prefix.length;
  }

  /** Returns the text and starts a new one. */
  take(): string {
    const text = this.#text;
    this.reset();
    return text;
  }

  /** Reads from `at`. Returns whether `end` was found; throws when more than `max` bytes come before it. */
  read(end: string, chunk: Buffer, at: number, max: number, check: CheckIncomplete): boolean {
    const before = this.#text.length;
    if (before === 0) {
      const found = chunk.indexOf(end, at, 'latin1');
      if (found >= 0 && found - at <= max) {
        this.#text = chunk.toString('latin1', at, found);
        this.#next = found + end.length;
        return true;
      }
    }
    // One byte more than the maximum is enough to detect that it is exceeded.
    this.#text += chunk.toString('latin1', at, Math.min(chunk.length, at + max + end.length + 1));
    const found = this.#text.indexOf(end, Math.max(0, before - end.length + 1));
    if (found < 0) this.#lineStart = check(this.#text, this.#lineStart, before);
    if (found > max || (found < 0 && this.#text.length > max + end.length))
      throw protocolError(`a head or a line of more than ${max} bytes`);
    this.#next = found < 0 ? chunk.length : at + found + end.length - before;
    if (found >= 0) this.#text = this.#text.slice(0, found);
    return found >= 0;
  }
}
