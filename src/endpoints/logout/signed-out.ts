/** Shows that the user is signed out: the page to which the provider redirects the browser. */
import { endpointPaths } from '../../config/schema/endpoints.ts';
import { isTyped, mayBePassedOn, mayLackStrictCookie } from '../../policy/navigation.ts';
import type { EndpointParts, EndpointSteps } from '../common/endpoint.ts';
import { queryParams } from '../common/parameters.ts';
import { dropMark, reloadedByOwnPage } from '../common/reload.ts';
import { redirect, sendPage } from '../common/responses.ts';

type SignedOutParts = Pick<EndpointParts, 'config' | 'sessions' | 'pages' | 'returnPath'>;

/** `GET /signed-out`, with or without the `state` that the provider returns. */
export function signedOut({ config, sessions, pages, returnPath }: SignedOutParts): EndpointSteps<'signedOut'> {
  const { login: loginUrl, signedOut: path } = endpointPaths(config.endpoints);
  return {
    GET: [
      dropMark(path),
      async function showSignedOut(req, res) {
        const key = sessions.identify(req.headers.cookie);
        // The page must not claim a sign-out that did not happen.
        if (key !== undefined && (await sessions.load(key))) return redirect(res, returnPath('/'));
        const query = queryParams(req);
        const providerUnreachable = query.get('provider') === 'unreachable';
        const address = providerUnreachable ? `${path}?provider=unreachable` : path;
        // A navigation from the provider, or from a link on any other site, comes without the Strict cookie: a reload by our own
        // page shows whether there is a session.
        if (!isTyped(req.headers)) {
          if (reloadedByOwnPage(pages, req, res, address)) return;
          // In a window with an opaque origin, the reload shows nothing: the application decides what to do without a cookie.
          if (mayLackStrictCookie(req.headers) && !mayBePassedOn(req.headers)) return redirect(res, returnPath('/'));
        }
        // The provider returns `state`, which has no further use and should not stay in the address bar.
        if (query.has('state')) return redirect(res, path);
        sendPage(res, pages, 'signed-out', { loginUrl, providerUnreachable });
      },
    ],
  };
}
