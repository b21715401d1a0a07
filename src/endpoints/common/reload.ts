/** Opens an address once more by an own page, because browsers withhold the Strict cookie from navigations of other sites. */
import type { Request, Response } from 'express';
import { mayBePassedOn, mayLackStrictCookie } from '../../policy/navigation.ts';
import type { Pages } from '../../responses/pages.ts';
import { queryParams } from './parameters.ts';
import { sendPage } from './responses.ts';

/** Marks the second request where fetch metadata cannot: a service worker passes both on alike. */
const MARK = 'reloaded';

/**
 * If the browser may have withheld the Strict cookie, sends a page that opens `address` with it. Returns false if the request is
 * that second one already, or a Strict cookie would have been sent.
 */
export function reloadedByOwnPage(pages: Pages, req: Request, res: Response, address: string): boolean {
  if (!mayLackStrictCookie(req.headers)) return false;
  const passedOn = mayBePassedOn(req.headers);
  if (passedOn && queryParams(req).has(MARK)) return false;
  const mark = `${address.includes('?') ? '&' : '?'}${MARK}=1`;
  sendPage(res, pages.render('hop', { to: passedOn ? address + mark : address }));
  return true;
}
