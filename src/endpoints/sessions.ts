/** Where am I signed in: the user's own sessions as a page and as JSON, and the end of one or of all others. */
import type { Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../base/errors.ts';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { isLogoutNonce, logoutNonce } from '../crypto/logout-nonce.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import { isTopLevelNavigation, mayLackStrictCookie } from '../policy/navigation.ts';
import type { ListedSession, Pages } from '../responses/pages.ts';
import type { SessionDirectory } from '../session/session-directory.ts';
import type { ActiveSession, Sessions } from '../session/session-types.ts';
import { contextOf, redirect, requireCsrf, sendJson, sendPage } from './context.ts';

export interface OwnSessionsParts {
  config: Config;
  keyring: Keyring;
  sessions: Pick<Sessions, 'identify' | 'load'>;
  directory: Pick<SessionDirectory, 'findByUser'>;
  endSessions: EndSessions;
  pages: Pages;
}

/** Names a session in front of its user: derived, so that the key in the store stays unknown. */
const publicId = (keyring: Keyring, key: string) => keyring.mac('listing', key).slice(0, 22);

/** The session of the request, whatever its method. */
async function current({ sessions }: OwnSessionsParts, req: Request): Promise<ActiveSession | undefined> {
  const key = sessions.identify(req.headers.cookie);
  return key === undefined ? undefined : await sessions.load(key);
}

function listed({ keyring }: OwnSessionsParts, { key, data }: ActiveSession, own: string): ListedSession {
  return {
    id: publicId(keyring, key),
    current: key === own,
    createdAt: new Date(data.createdAt).toISOString(),
    expiresAt: new Date(data.expiresAt).toISOString(),
    ...(data.device === undefined ? {} : { device: data.device }),
    ...(data.address === undefined ? {} : { address: data.address }),
  };
}

/** `GET /sessions`: a page for a person who goes there, JSON for a script with the CSRF header. */
export function ownSessionsEndpoint(parts: OwnSessionsParts): RequestHandler {
  const { config, keyring, sessions: known, directory, pages } = parts;
  const paths = endpointPaths(config.endpoints);
  return async function ownSessions(req, res) {
    const person = isTopLevelNavigation(req.headers, req.method, config.csrf.header);
    if (!person) requireCsrf(config, req);
    const own = await current(parts, req);
    if (!own && !person) throw new GatewayError('unauthenticated');
    if (!own) {
      // A link on another site, or the redirect from the callback, comes without the Strict cookie: a reload by our own page
      // shows whether there is a session.
      const unseen = known.identify(req.headers.cookie) === undefined;
      if (unseen && mayLackStrictCookie(req.headers)) return sendPage(res, pages.render('hop', { to: paths.sessions }));
      return redirect(res, `${paths.login}?returnTo=${encodeURIComponent(paths.sessions)}`);
    }
    const all = (await directory.findByUser(own.data.issuer, own.data.sub)).reverse();
    const sessions = all.map((session) => listed(parts, session, own.key));
    if (!person) return sendJson(res, { sessions });
    sendPage(res, pages.render('sessions', { sessions, action: paths.sessions, token: logoutNonce(keyring, own.key) }));
  };
}

/** The form's value, or the CSRF header: nobody else may end a session. */
function requireGenuine({ config, keyring }: OwnSessionsParts, req: Request, key: string): 'page' | 'script' {
  const value = typeof req.body === 'string' ? new URLSearchParams(req.body).get('sid') : null;
  if (isLogoutNonce(keyring, key, value)) return 'page';
  requireCsrf(config, req);
  return 'script';
}

function answer({ config }: OwnSessionsParts, res: Response, asked: 'page' | 'script', ended: number): void {
  if (asked === 'page') redirect(res, endpointPaths(config.endpoints).sessions);
  else sendJson(res, { ended });
}

/** `POST /sessions/{id}/revoke`, and `others` in place of an id for all but this one. Another user's session does not exist. */
export function revokeSessionEndpoint(parts: OwnSessionsParts): RequestHandler {
  return async function revokeSession(req, res) {
    const own = await current(parts, req);
    if (!own) throw new GatewayError('unauthenticated');
    const asked = requireGenuine(parts, req, own.key);
    const all = await parts.directory.findByUser(own.data.issuer, own.data.sub);
    const { id } = req.params;
    const chosen = all.filter(({ key }) => (id === 'others' ? key !== own.key : publicId(parts.keyring, key) === id));
    if (chosen.length === 0 && id !== 'others') throw new GatewayError('not_found');
    contextOf(req).log.debug({ count: chosen.length }, 'a user ends sessions');
    answer(parts, res, asked, await parts.endSessions(chosen, 'user'));
  };
}
