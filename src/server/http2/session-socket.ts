/** The connection of a client as Node's HTTP/2 reads and writes it: what arrives passes the rules for frames first. */
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import { type FrameFault, FrameRules } from './frame-rules.ts';

/** How long the client has to close its side after the end of its session. */
const CLOSE_TIMEOUT_MS = 1_000;

type Callback = (error?: Error | null) => void;

export class SessionSocket extends Duplex {
  readonly tls: TLSSocket;
  readonly rules = new FrameRules(performance.now());
  /** Ends the session; nothing is read after that. */
  onFault: (fault: FrameFault) => void = () => this.destroy();
  #isFaulty = false;
  /** Continues a write that waits for the client. */
  #continue: Callback | undefined;

  constructor(tls: TLSSocket) {
    super({ decodeStrings: false, allowHalfOpen: true });
    this.tls = tls;
    tls.setNoDelay(true);
    tls.on('data', (packet: Buffer) => this.#onData(packet));
    tls.on('end', () => this.push(null));
    tls.on('error', () => this.destroy());
    tls.on('close', () => this.destroy());
    tls.on('drain', () => this.#onDrain());
  }

  #onData(packet: Buffer): void {
    if (this.#isFaulty) return;
    const fault = this.rules.read(packet, performance.now());
    if (fault) {
      this.#isFaulty = true;
      this.onFault(fault);
    } else if (!this.push(packet)) this.tls.pause();
  }

  #onDrain(): void {
    const proceed = this.#continue;
    this.#continue = undefined;
    proceed?.();
  }

  override _read(): void {
    if (this.tls.isPaused()) this.tls.resume();
  }

  override _write(chunk: Buffer, encoding: BufferEncoding, callback: Callback): void {
    this.rules.onSent(chunk.length);
    if (this.tls.write(chunk, encoding)) callback();
    else this.#continue = callback;
  }

  override _writev(chunks: { chunk: Buffer; encoding: BufferEncoding }[], callback: Callback): void {
    let writable = true;
    this.tls.cork();
    for (const { chunk, encoding } of chunks) {
      this.rules.onSent(chunk.length);
      writable = this.tls.write(chunk, encoding);
    }
    this.tls.uncork();
    if (writable) callback();
    else this.#continue = callback;
  }

  override _final(callback: Callback): void {
    this.tls.end(() => callback());
    const timer = setTimeout(() => this.destroy(), CLOSE_TIMEOUT_MS).unref();
    this.once('close', () => clearTimeout(timer));
  }

  override _destroy(error: Error | null, callback: Callback): void {
    this.tls.destroy();
    callback(error);
  }
}
