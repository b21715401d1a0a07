/** Passes informational responses (1xx) of an upstream to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of a field value (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Sends a 1xx response to the client (RFC 9110 section 15.2), unless the client speaks HTTP/1.0, which has none, or does not
 * read what it was sent: a hint is not worth memory. Of its headers only `Link` is passed on: it is what 103 is for, and the
 * rules for final responses need not apply to it.
 */
export function writeInformational(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  link: readonly string[],
): void {
  if (req.httpVersion === '1.0' || res.headersSent || status === 101 || res.socket?.writableNeedDrain) return;
  const links = link.filter((value) => FIELD_VALUE.test(value));
  res.writeInformation(
    status,
    links.flatMap((value) => ['Link', value]),
  );
}
