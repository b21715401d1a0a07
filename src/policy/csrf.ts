/** CSRF: checks that a request authenticated by a cookie was sent by the application itself. */
import type { IncomingHttpHeaders } from 'node:http';
import { isWindowNavigation, mayBePassedOn } from './navigation.ts';

export type CsrfOutcome =
  | { readonly kind: 'pass' }
  | { readonly kind: 'refused'; readonly code: 'csrf_header_missing' | 'csrf_cross_site'; readonly reason: string };

export interface CsrfCheck {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** `fetch-metadata` exempts GET and HEAD from the header, for images and downloads that a browser loads. */
  readonly mode: 'header' | 'fetch-metadata';
  /** Whether browsers withhold the session cookie from navigations that another site starts. */
  readonly strictCookie: boolean;
  readonly headerName: string;
  readonly publicOrigin: string;
  readonly allowedOrigins: readonly string[];
}

const PASS: CsrfOutcome = { kind: 'pass' };

/**
 * Checks two conditions, both of which must hold: the origin that the browser reports (Sec-Fetch-Site, Origin), and a header
 * that another site cannot send without a preflight (draft-ietf-oauth-browser-based-apps section 6.1.3.3.2). If the browser
 * reports no origin, the header alone decides.
 */
export function checkCsrf(check: CsrfCheck): CsrfOutcome {
  const { headers, method, mode } = check;
  const crossSite = crossSiteReason(check);
  if (crossSite !== undefined) return { kind: 'refused', code: 'csrf_cross_site', reason: crossSite };
  const safe = method === 'GET' || method === 'HEAD';
  if (mode === 'fetch-metadata' && safe && isFromOwnPage(check)) return PASS;
  // A repeated header is joined by commas, so it differs from 1.
  if (headers[check.headerName.toLowerCase()] === '1') return PASS;
  return { kind: 'refused', code: 'csrf_header_missing', reason: `header ${check.headerName} is not 1` };
}

/** Whether a page of the own origin made the request: a service worker hides who started a navigation, but not from a Strict cookie. */
function isFromOwnPage({ headers, strictCookie }: CsrfCheck): boolean {
  return headers['sec-fetch-site'] === 'same-origin' && (strictCookie || !mayBePassedOn(headers));
}

/** Checks the origin of a WebSocket handshake, which cannot carry the CSRF header (RFC 6455 section 10.2). */
export function checkUpgradeOrigin(check: Pick<CsrfCheck, 'headers' | 'publicOrigin' | 'allowedOrigins'>): CsrfOutcome {
  const { origin } = check.headers;
  if (origin !== undefined && isAllowedOrigin(origin, check)) return PASS;
  return { kind: 'refused', code: 'csrf_cross_site', reason: origin === undefined ? 'no Origin' : 'foreign Origin' };
}

/** A request that at most a client certificate authenticates. */
export interface CertificateRequest extends Pick<CsrfCheck, 'method' | 'headers' | 'publicOrigin' | 'allowedOrigins'> {
  readonly isPage: boolean;
}

/**
 * Checks a request without a session where a rule requires a certificate: browsers present it on requests that any site starts.
 * Other clients send neither header, and need no header of ours. Links of other sites may open a page in a window; their scripts,
 * images and frames get nothing.
 */
export function checkCertificateSite(check: CertificateRequest): CsrfOutcome {
  const { isPage, method, headers } = check;
  const isLink = isPage && (method === 'GET' || method === 'HEAD') && isWindowNavigation(headers);
  if (headers.origin === undefined && (isLink || headers['sec-fetch-site'] === 'none')) return PASS;
  const reason = crossSiteReason(check);
  return reason === undefined ? PASS : { kind: 'refused', code: 'csrf_cross_site', reason };
}

/** Returns why the browser reports a request from another site; undefined when it does not. */
function crossSiteReason(check: Pick<CsrfCheck, 'headers' | 'publicOrigin' | 'allowedOrigins'>): string | undefined {
  const { origin } = check.headers;
  const site = check.headers['sec-fetch-site'];
  if (origin !== undefined && !isAllowedOrigin(origin, check)) return 'foreign Origin';
  // same-site is another subdomain, none is not sent by any page: both are refused unless their origin is allowed.
  if (site === undefined || site === 'same-origin') return undefined;
  return origin !== undefined && check.allowedOrigins.includes(origin) ? undefined : 'foreign Sec-Fetch-Site';
}

function isAllowedOrigin(origin: string, check: Pick<CsrfCheck, 'publicOrigin' | 'allowedOrigins'>): boolean {
  // Sandboxed frames and some redirects send `null`, which identifies no origin, listed or not (RFC 6454 section 7.3).
  return origin !== 'null' && (origin === check.publicOrigin || check.allowedOrigins.includes(origin));
}
