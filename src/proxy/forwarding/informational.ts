/** Informational answers (1xx) of an upstream on their way to the client. */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** Bytes of a field value (RFC 9110 section 5.5). */
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * Passes a 1xx answer on (RFC 9110 section 15.2), unless the client speaks HTTP/1.0, which has none. Of its headers only
 * `Link` goes along: what 103 is for, and nothing that the rules for final answers would have to look at.
 */
export function informational(
  req: IncomingMessage,
  res: ServerResponse,
  status: number,
  link: readonly string[],
): void {
  if (req.httpVersion === '1.0' || res.headersSent || status === 101) return;
  const links = link.filter((value) => FIELD_VALUE.test(value));
  res.writeInformation(
    status,
    links.flatMap((value) => ['Link', value]),
  );
}
