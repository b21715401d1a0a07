/** Whether a request is a person going to a page, as opposed to something a page loads in the background. */
import type { IncomingHttpHeaders } from 'node:http';

const METADATA = ['sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-site', 'sec-fetch-user'] as const;
// Sec-Purpose is the standard; the others are what browsers sent before it.
const PURPOSE = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;

/** Whether the browser only fetches the page in case somebody goes there. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  return PURPOSE.some((name) => headers[name] !== undefined);
}

/**
 * True for a top-level navigation only: no fetch, image, frame or prefetch may start a login
 * (draft-ietf-oauth-browser-based-apps section 6.1.2.1). Without fetch metadata, the Accept header decides.
 */
export function isTopLevelNavigation(headers: IncomingHttpHeaders, method: string, csrfHeader = 'X-CSRF'): boolean {
  if (method !== 'GET' || isPrefetch(headers)) return false;
  if (METADATA.some((name) => headers[name] !== undefined)) {
    return headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  }
  if (headers['x-requested-with'] !== undefined || headers[csrfHeader.toLowerCase()] !== undefined) return false;
  return /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(headers.accept ?? '');
}

/**
 * Whether the browser may have withheld a SameSite=Strict cookie from this navigation: it did not begin on a page of the own
 * origin (RFC 6265bis section 5.2). False without fetch metadata, which could not tell that the page has been reloaded.
 */
export function mayLackStrictCookie(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && site !== 'same-origin';
}
