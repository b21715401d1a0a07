/** Tells navigations of a user from requests that a page sends in the background. */
import type { IncomingHttpHeaders } from 'node:http';

const METADATA = ['sec-fetch-mode', 'sec-fetch-dest', 'sec-fetch-site', 'sec-fetch-user'] as const;
// Sec-Purpose is the standard; the others are its predecessors.
const PURPOSE = ['sec-purpose', 'purpose', 'x-purpose', 'x-moz'] as const;

/** Returns whether the browser prefetches the page, before the user navigates to it. */
export function isPrefetch(headers: IncomingHttpHeaders): boolean {
  return PURPOSE.some((name) => headers[name] !== undefined);
}

/**
 * Returns whether the fetch metadata may be those of a service worker that passes a navigation on (`fetch(event.request)`): it
 * has no destination. Chromium and WebKit keep the mode `navigate`, and Chromium the site that started the navigation; Firefox
 * and WebKit report `same-origin` whatever that site was, and Firefox as the mode too. Frames look alike.
 */
export function mayBePassedOn(headers: IncomingHttpHeaders): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination, 'sec-fetch-site': site } = headers;
  if (destination !== 'empty') return false;
  return mode === 'navigate' || (mode === 'same-origin' && site === 'same-origin');
}

/** Whether fetch metadata say that a window will show the response, and that the user is there to see it. */
export function isWindowNavigation(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-mode'] !== 'navigate' || isPrefetch(headers)) return false;
  return headers['sec-fetch-dest'] === 'document' || mayBePassedOn(headers);
}

/** Whether a window or frame will show the response; scripts cannot set `navigate` (Fetch standard, constructor of Request). */
function isForDocument(headers: IncomingHttpHeaders): boolean {
  if (headers['sec-fetch-mode'] === 'navigate') return true;
  // Firefox: of what scripts send, only those of the own origin could look alike, and they can navigate anyway.
  return mayBePassedOn(headers) && headers['upgrade-insecure-requests'] === '1' && acceptsPage(headers, 'X-CSRF');
}

/** Whether fetch metadata describe a navigation of a window, as far as a service worker lets it be told. */
function isNavigation(headers: IncomingHttpHeaders): boolean {
  return isForDocument(headers) && (headers['sec-fetch-dest'] === 'document' || mayBePassedOn(headers));
}

/**
 * Returns whether the request is a top-level navigation: no fetch, image, frame or prefetch may start a sign-in
 * (draft-ietf-oauth-browser-based-apps section 6.1.2.1). Without fetch metadata, the Accept header decides.
 */
export function isTopLevelNavigation(headers: IncomingHttpHeaders, method: string, csrfHeader = 'X-CSRF'): boolean {
  if (method !== 'GET' || isPrefetch(headers)) return false;
  if (METADATA.some((name) => headers[name] !== undefined)) return isNavigation(headers);
  return acceptsPage(headers, csrfHeader);
}

/** Whether a request without fetch metadata is one for a page, and not of a script. */
function acceptsPage(headers: IncomingHttpHeaders, csrfHeader: string): boolean {
  if (headers['x-requested-with'] !== undefined || headers[csrfHeader.toLowerCase()] !== undefined) return false;
  return /(?:^|,)\s*text\/html\s*(?:;|,|$)/i.test(headers.accept ?? '');
}

/**
 * Returns whether a window or frame will show the response, now or after a prefetch. For responses that start nothing: a
 * sign-in needs `isTopLevelNavigation`.
 */
export function isDocumentRequest(headers: IncomingHttpHeaders): boolean {
  if (METADATA.some((name) => headers[name] !== undefined)) return isForDocument(headers);
  return acceptsPage(headers, 'X-CSRF');
}

/**
 * Returns whether the browser may have withheld a SameSite=Strict cookie from this navigation, because it did not start on a
 * page of the own origin, or a service worker hides where it did (RFC 6265bis section 5.2). False without fetch metadata, because a reload from an own page could not
 * be recognized.
 */
export function mayLackStrictCookie(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  return site !== undefined && (site !== 'same-origin' || mayBePassedOn(headers));
}

/** Returns whether the user typed the address or chose a bookmark, which other sites cannot do; redirects may have followed. */
export const isTyped = (headers: IncomingHttpHeaders): boolean => headers['sec-fetch-site'] === 'none';
