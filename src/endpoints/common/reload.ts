/** Opens an address once more by an own page, because browsers withhold the Strict cookie from navigations of other sites. */
import type { Request, RequestHandler, Response } from 'express';
import { mayLackStrictCookie } from '../../policy/navigation.ts';
import type { Pages } from '../../responses/pages.ts';
import { queryParams } from './parameters.ts';
import { redirect, sendPage } from './responses.ts';

/**
 * Marks the second request. Fetch metadata cannot, where a service worker passes both requests on alike, and where the origin
 * of the window is opaque (a popup of a sandboxed frame), so that its every request is one of another site.
 */
const MARK = 'reloaded';

/**
 * If the browser may have withheld the Strict cookie, sends a page that opens `address` with it. Returns false if the request is
 * that second one already, or a Strict cookie would have been sent.
 */
export function reloadedByOwnPage(pages: Pages, req: Request, res: Response, address: string): boolean {
  if (!mayLackStrictCookie(req.headers) || queryParams(req).has(MARK)) return false;
  sendPage(res, pages, 'hop', { to: `${address}${address.includes('?') ? '&' : '?'}${MARK}=1` });
  return true;
}

/**
 * Creates the step that removes the mark from the address of a page, which a user may bookmark or share. Where the browser may
 * have withheld the cookie from the second request too, the mark stays: without it, the page would be opened again.
 */
export function dropMark(path: string): RequestHandler {
  return function dropMark(req, res, next) {
    const query = queryParams(req);
    if (!query.has(MARK) || mayLackStrictCookie(req.headers)) return next();
    query.delete(MARK);
    redirect(res, query.size > 0 ? `${path}?${query}` : path);
  };
}
