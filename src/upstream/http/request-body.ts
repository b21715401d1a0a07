/** Sends the body of a request, as fast as the connection takes it. */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';

export interface SentBody {
  /** All of it was handed to the connection. */
  readonly done: boolean;
  /** Sends no more. */
  stop(): void;
}

export interface BodyParts {
  readonly socket: Socket;
  readonly body: Readable;
  /** Sent in chunks, since the head names no length (RFC 9112 section 7.1). */
  readonly chunked: boolean;
  /** A part was handed over. */
  moved(): unknown;
  /** The body itself ended in an error. */
  failed(error: Error): void;
}

/** Begins to send. */
export function sendBody({ socket, body, chunked, moved, failed }: BodyParts): SentBody {
  let done = false;
  const onData = (chunk: Buffer) => {
    if (chunk.length === 0) return;
    let more: boolean;
    if (chunked) {
      socket.cork();
      socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
      socket.write(chunk);
      more = socket.write('\r\n', 'latin1');
      socket.uncork();
    } else more = socket.write(chunk);
    moved();
    if (!more) body.pause();
  };
  const onDrain = () => void body.resume();
  const onEnd = () => {
    done = true;
    if (chunked) socket.write('0\r\n\r\n', 'latin1');
    stop();
  };
  const onClose = () => {
    if (!done) failed(new Error('the body ended early'));
  };
  const onError = (error: Error) => failed(error);
  function stop(): void {
    body.off('data', onData).off('end', onEnd).off('error', onError).off('close', onClose);
    socket.off('drain', onDrain);
  }
  socket.on('drain', onDrain);
  body.on('error', onError).on('close', onClose).on('end', onEnd).on('data', onData);
  return {
    get done() {
      return done;
    },
    stop,
  };
}
