/** Media types with a meaning of their own. */

const EVENT_STREAM = /^text\/event-stream/i;

/** Whether a `Content-Type` is that of server-sent events; media types are compared without case (RFC 9110 section 8.3.1). */
export const isEventStream = (contentType: string | undefined): boolean => EVENT_STREAM.test(contentType ?? '');

/**
 * The ranges of an `Accept` or `Accept-Language` header within a length; later ones count as not accepted. The time to compare them
 * grows with their number.
 */
export const firstRanges = (header: string, maxLength: number): string =>
  header.length <= maxLength ? header : header.slice(0, Math.max(0, header.lastIndexOf(',', maxLength)));
