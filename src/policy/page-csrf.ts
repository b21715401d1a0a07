/** CSRF on pages: which requests with a session cookie a site may receive, by where they come from. */
import type { IncomingHttpHeaders } from 'node:http';
import type { CsrfOutcome } from './csrf.ts';
import { isWindowNavigation } from './navigation.ts';

export interface PageCsrfCheck {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  readonly headerName: string;
  readonly publicOrigin: string;
  readonly allowedOrigins: readonly string[];
  /** `confirm`: a navigation from another site is not let in, but asks the user. */
  readonly crossSiteNavigation: 'allow' | 'confirm';
}

/** Whether the request may reach the site, is refused, or needs a confirmation of the user. */
export type PageCsrfOutcome = CsrfOutcome | { readonly kind: 'confirm' };

const PASS: PageCsrfOutcome = { kind: 'pass' };
const crossSite = (reason: string): PageCsrfOutcome => ({ kind: 'refused', code: 'csrf_cross_site', reason });

/** Whether a page of the own origin, a listed origin, or the user started the request. */
function isFromHere({ headers, publicOrigin, allowedOrigins }: PageCsrfCheck): boolean {
  const { origin } = headers;
  if (origin !== undefined && origin !== 'null' && allowedOrigins.includes(origin)) return true;
  const site = headers['sec-fetch-site'];
  if (site === undefined) return origin === undefined || origin === publicOrigin;
  return site === 'same-origin' || site === 'none';
}

/**
 * Checks GET and HEAD: a user may follow a link of any site into a window. Images, scripts, frames and prefetches of other sites
 * are refused, so that their pages neither show nor read parts of the site, nor change its state by a GET.
 */
function checkSafe(check: PageCsrfCheck): PageCsrfOutcome {
  const { headers, crossSiteNavigation } = check;
  if (isWindowNavigation(headers))
    return crossSiteNavigation === 'confirm' && !isFromHere(check) ? { kind: 'confirm' } : PASS;
  return isFromHere(check) ? PASS : crossSite('a resource for a page of another site');
}

/** Checks what changes state: a form or script of the own origin sent it. */
function checkUnsafe({ headers, headerName, publicOrigin, allowedOrigins }: PageCsrfCheck): PageCsrfOutcome {
  const { origin } = headers;
  const site = headers['sec-fetch-site'];
  const isListed =
    origin !== undefined && origin !== 'null' && (origin === publicOrigin || allowedOrigins.includes(origin));
  if (isListed && (site === undefined || site === 'same-origin' || site === 'none' || origin !== publicOrigin))
    return PASS;
  // A form says `null` under Referrer-Policy: no-referrer; its site still names the own origin.
  if (site === 'same-origin' && (origin === undefined || origin === 'null')) return PASS;
  if (site !== undefined || origin !== undefined) return crossSite('foreign Origin or Sec-Fetch-Site');
  if (headers[headerName.toLowerCase()] === '1') return PASS;
  return { kind: 'refused', code: 'csrf_header_missing', reason: `neither Origin nor the header ${headerName}` };
}

/** Checks a request to a page. It needs no header, because a site that was not written for the gateway sends none. */
export function checkPageCsrf(check: PageCsrfCheck): PageCsrfOutcome {
  return check.method === 'GET' || check.method === 'HEAD' ? checkSafe(check) : checkUnsafe(check);
}
