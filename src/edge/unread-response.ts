/** Bounds how long a client may leave a response unread. */
import type { ServerResponse } from 'node:http';

/**
 * Closes the connection when the client has read nothing of the response for `ms` to `2 * ms` milliseconds, although more of
 * it waits. Otherwise clients that do not read could hold all connections and the memory for them.
 */
export function limitUnread(res: ServerResponse, ms: number): void {
  let sent = -1;
  const timer = setInterval(() => {
    const { socket } = res;
    const waits = socket !== null && socket.writableLength > 0;
    if (waits && socket.bytesWritten === sent) socket.destroy();
    sent = waits ? socket.bytesWritten : -1;
  }, ms).unref();
  res.once('close', () => clearInterval(timer));
}
