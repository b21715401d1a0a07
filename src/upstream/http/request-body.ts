/** Sends the body of a request with back-pressure from the upstream connection. */
import type { Readable, Writable } from 'node:stream';

export interface BodySender {
  /** Whether the whole body was written to the connection. */
  readonly done: boolean;
  /** Stops sending. */
  stop(): void;
}

export interface SendBodyOptions {
  /** The connection, or the stream of a connection. */
  readonly socket: Writable;
  readonly body: Readable;
  /** Use chunked coding, because the head has no Content-Length (RFC 9112 section 7.1). */
  readonly chunked: boolean;
  /** True: the upstream must act next, because it reads too slowly or has the whole body. False: more of the body must come. */
  onTurn(ofUpstream: boolean): void;
  /** The body stream failed or ended early. */
  onError(error: Error): void;
}

/** Starts to send a body. */
export function sendBody({ socket, body, chunked, onTurn, onError }: SendBodyOptions): BodySender {
  let done = false;
  const onData = (chunk: Buffer) => {
    if (chunk.length === 0) return;
    const writable = chunked ? writeChunk(socket, chunk) : socket.write(chunk);
    if (writable) return;
    body.pause();
    onTurn(true);
  };
  const onDrain = () => {
    onTurn(false);
    body.resume();
  };
  const onEnd = () => {
    done = true;
    if (chunked) socket.write('0\r\n\r\n', 'latin1');
    stop();
    onTurn(true);
  };
  const onClose = () => {
    if (!done) onError(new Error('the request body ended early'));
  };
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

/** Writes one chunk (RFC 9112 section 7.1); returns false when the socket's buffer is full. */
function writeChunk(socket: Writable, chunk: Buffer): boolean {
  socket.cork();
  socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1');
  socket.write(chunk);
  const writable = socket.write('\r\n', 'latin1');
  socket.uncork();
  return writable;
}
