/** Ends a sign-in in a popup: a page that notifies the other pages of this browser and closes its window. */
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { reloadedByOwnPage } from './common/reload.ts';
import { redirect, sendPage } from './common/responses.ts';

/** `GET /signed-in`. */
export function signedIn({
  config,
  sessions,
  pages,
  returnPath,
}: Pick<EndpointParts, 'config' | 'sessions' | 'pages' | 'returnPath'>): EndpointSteps<'signedIn'> {
  const { signedIn: path } = endpointPaths(config.endpoints);
  return {
    GET: [
      async function showSignedIn(req, res) {
        const key = sessions.identify(req.headers.cookie);
        // The redirect from the callback comes without the Strict cookie: a reload by our own page shows whether there is a session.
        if (key === undefined && reloadedByOwnPage(pages, req, res, path)) return;
        // The page must not claim a sign-in that did not happen.
        if (key === undefined || !(await sessions.load(key))) redirect(res, returnPath('/'));
        else sendPage(res, pages, 'signed-in', {});
      },
    ],
  };
}
