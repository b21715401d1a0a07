/** Puts the `Content-Length` of a response where it does no harm. */

function indexOfContentLength(headers: readonly string[]): number {
  for (let at = 0; at < headers.length; at += 2)
    if (headers[at]?.length === 14 && headers[at]?.toLowerCase() === 'content-length') return at;
  return -1;
}

/**
 * Moves `Content-Length` to the end of the raw headers, because Node decodes a `Content-Disposition` that comes after it as
 * UTF-8, and rejects or changes its bytes. Removes it from 204, where some clients would wait for that many bytes (RFC 9110
 * section 8.6). Changes the list.
 */
export function placeContentLength(status: number, headers: string[]): string[] {
  const at = indexOfContentLength(headers);
  if (at < 0) return headers;
  const field = headers.splice(at, 2);
  if (status !== 204) headers.push(...field);
  return headers;
}
