/** Where a sign-in in a window of its own ends: the page tells the others of this browser, and closes its window. */
import type { RequestHandler } from 'express';
import type { Pages } from '../pages/pages.ts';
import type { Sessions } from '../session/sessions.ts';
import { redirect } from './context.ts';
import { sendPage } from './page.ts';

export interface SignedInParts {
  sessions: Pick<Sessions, 'identify' | 'load'>;
  pages: Pages;
}

/** `GET /signed-in`. */
export function signedInEndpoint({ sessions, pages }: SignedInParts): RequestHandler {
  return async function signedIn(req, res) {
    const key = sessions.identify(req.headers.cookie);
    // The page must not claim a sign-in that did not happen.
    if (key === undefined || !(await sessions.load(key))) redirect(res, '/');
    else sendPage(res, pages.render('signed-in', {}));
  };
}
