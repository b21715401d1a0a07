/** The provider's page loads this in a frame: the session of this browser ends, if it is the one (OpenID Connect Front-Channel Logout 1.0). */
import type { RequestHandler } from 'express';
import type { Config } from '../config/schema/schema.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import type { CookieSettings } from '../session/cookies.ts';
import type { Sessions } from '../session/session-types.ts';
import { contextOf, singleParams } from './context.ts';

export interface FrontchannelParts {
  config: Config;
  cookies: CookieSettings;
  sessions: Pick<Sessions, 'identify' | 'load'>;
  endSessions: EndSessions;
}

/**
 * `GET /frontchannel-logout?iss=...&sid=...`: both must be those of the session that the cookie names, so that nobody can
 * sign out somebody else. The answer is the same either way. Where the browser keeps the cookie back, nothing ends.
 */
export function frontchannelLogoutEndpoint({
  config,
  cookies,
  sessions,
  endSessions,
}: FrontchannelParts): RequestHandler {
  const frameAncestors = new URL(config.provider.issuer).origin;
  return async function frontchannelLogout(req, res) {
    const query = singleParams(new URLSearchParams(contextOf(req).target.query));
    const [issuer, sid] = [query.get('iss'), query.get('sid')];
    const key = sessions.identify(req.headers.cookie);
    const session = key === undefined ? undefined : await sessions.load(key);
    if (session && sid !== null && session.data.sid === sid && session.data.issuer === issuer) {
      await endSessions([session], 'frontchannel_logout');
      res.clearCookie(cookies.sessionName, cookies.sessionOptions);
    }
    res.removeHeader('X-Frame-Options');
    res.set('Content-Security-Policy', `default-src 'none'; frame-ancestors ${frameAncestors}`);
    res.status(200).type('text/html; charset=utf-8').send('<!doctype html><title>Signed out</title>');
  };
}
