/** Where a sign-in in a window of its own ends: the page tells the others of this browser, and closes its window. */
import type { RequestHandler } from 'express';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { mayLackStrictCookie } from '../policy/navigation.ts';
import type { Pages } from '../responses/pages.ts';
import type { Sessions } from '../session/session-types.ts';
import { redirect, sendPage } from './context.ts';

export interface SignedInParts {
  config: Config;
  sessions: Pick<Sessions, 'identify' | 'load'>;
  pages: Pages;
}

/** `GET /signed-in`. */
export function signedInEndpoint({ config, sessions, pages }: SignedInParts): RequestHandler {
  const { signedIn: ownPath } = endpointPaths(config.endpoints);
  return async function signedIn(req, res) {
    const key = sessions.identify(req.headers.cookie);
    // The redirect from the callback comes without the Strict cookie: a reload by our own page shows whether there is a session.
    if (key === undefined && mayLackStrictCookie(req.headers)) sendPage(res, pages.render('hop', { to: ownPath }));
    // The page must not claim a sign-in that did not happen.
    else if (key === undefined || !(await sessions.load(key))) redirect(res, '/');
    else sendPage(res, pages.render('signed-in', {}));
  };
}
