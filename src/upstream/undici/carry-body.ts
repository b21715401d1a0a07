/** Hands a request body to undici, which destroys what it was given when a response comes early. */
import { PassThrough, type Readable } from 'node:stream';

export interface CarryEvents {
  /** The body is complete, or the upstream accepts no more of it. */
  onWait(): unknown;
  /** The upstream accepts the body again. */
  onProgress(): unknown;
  onError(error: Error): void;
}

/** Returns a stream with the body, which undici may destroy without ending the request of the client. */
export function carryBody(body: Readable, { onWait, onProgress, onError }: CarryEvents): PassThrough {
  const carrier = new PassThrough();
  const onClose = () => body.readableEnded || onError(new Error('the request body ended early'));
  carrier.once('end', onWait).on('drain', onProgress);
  carrier.once('close', () => body.unpipe(carrier).off('pause', onWait).off('error', onError).off('close', onClose));
  body.on('pause', onWait).on('error', onError).on('close', onClose).pipe(carrier);
  return carrier;
}
