/** Lists the sessions of the signed-in user, as a page or as JSON. */
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { logoutNonce } from '../crypto/logout-nonce.ts';
import { isTopLevelNavigation } from '../policy/navigation.ts';
import type { ListedSession } from '../responses/pages.ts';
import type { ActiveSession } from '../session/session-types.ts';
import { currentSession } from './common/current-session.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { dropMark, reloadedByOwnPage } from './common/reload.ts';
import { redirect, sendJson, sendPage } from './common/responses.ts';
import { requireCsrf } from './common/steps.ts';

/** Maximum sessions on the page: more of them are no list that a person reads. The page can end all of them. */
const MAX_LISTED = 200;

type SessionsParts = Pick<EndpointParts, 'config' | 'keyring' | 'sessions' | 'directory' | 'pages'>;

/** `GET /sessions`: a page for a navigation, JSON for a script with the CSRF header. */
export function sessions(parts: SessionsParts): EndpointSteps<'sessions'> {
  const { config, keyring, pages } = parts;
  const paths = endpointPaths(config.endpoints);
  return {
    GET: [
      dropMark(paths.sessions),
      async function listSessions(req, res) {
        const navigation = isTopLevelNavigation(req.headers, req.method, config.csrf.header);
        if (!navigation) requireCsrf(config, req);
        const current = await currentSession(parts, req);
        if (!current && !navigation) throw new GatewayError('unauthenticated');
        if (!current) {
          // A link on another site, or the redirect from the callback, comes without the Strict cookie: a reload by our own page
          // shows whether there is a session.
          const noCookie = parts.sessions.identify(req.headers.cookie) === undefined;
          if (noCookie && reloadedByOwnPage(pages, req, res, paths.sessions)) return;
          return redirect(res, `${paths.login}?returnTo=${encodeURIComponent(paths.sessions)}`);
        }
        const listed = await listedSessions(parts, current);
        if (!navigation) return sendJson(res, { sessions: listed });
        const token = logoutNonce(keyring, current.key);
        sendPage(res, pages, 'sessions', { sessions: listed, action: paths.sessions, token });
      },
    ],
  };
}

/** The id of a session in the list: derived from the key in the store, which stays secret. */
export function publicId(keyring: Keyring, key: string): string {
  return keyring.mac('listing', key).slice(0, 22);
}

/** The sessions of the user, newest first. */
async function listedSessions({ keyring, directory }: SessionsParts, current: ActiveSession): Promise<ListedSession[]> {
  const listed = new Map<string, ListedSession>();
  for await (const batch of directory.ofUser(current.data.issuer, current.data.sub))
    for (const { key, data } of batch)
      listed.set(key, {
        id: publicId(keyring, key),
        current: key === current.key,
        createdAt: new Date(data.createdAt).toISOString(),
        expiresAt: new Date(data.expiresAt).toISOString(),
        ...(data.device === undefined ? {} : { device: data.device }),
        ...(data.address === undefined ? {} : { address: data.address }),
      });
  return [...listed.values()].sort((a, b) => b.createdAt.localeCompare(a.createdAt)).slice(0, MAX_LISTED);
}
