/** Spans of a WebSocket: the handshake at the upstream, and from there on the life of the connection. */
import type { Span } from '../../tracing/span.ts';
import { recordResponse } from '../../tracing/upstream-span.ts';

const SWITCHING_PROTOCOLS = 101;

/** `request` is the span of the upgrade, `handshake` the one of the request to the upstream. */
export function createTunnelSpans(request: Span | undefined, handshake: Span | undefined) {
  let lifetime: Span | undefined;
  return {
    /** Records a response of the upstream to the handshake. */
    recordHandshake(status: number): void {
      if (handshake) recordResponse(handshake, status);
      if (request && status >= 400) request.setAttribute('http.response.status_code', status);
    },
    /** Bytes flow: the request is over, and its span does not last for hours. */
    open(): void {
      handshake?.end();
      lifetime = request?.startChild('websocket', 'internal');
      request?.setAttribute('http.response.status_code', SWITCHING_PROTOCOLS);
      request?.end();
    },
    /** The connection is closed, whether it was open or refused. */
    end(): void {
      if (!lifetime && handshake?.recording) handshake.markFailed();
      handshake?.end();
      lifetime?.end();
    },
  };
}
