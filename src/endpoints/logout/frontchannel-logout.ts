/** Ends the session of a browser in which the provider loads this in a frame (OpenID Connect Front-Channel Logout 1.0). */
import type { RequestHandler } from 'express';
import type { SignInProvider } from '../../oidc/sign-in/sign-in-provider.ts';
import { providerIdOf } from '../../session/session-types.ts';
import { currentSession } from '../common/current-session.ts';
import type { EndpointParts, EndpointSteps } from '../common/endpoint.ts';
import { queryParams, singleParams } from '../common/parameters.ts';

type FrontchannelParts = Pick<EndpointParts, 'cookies' | 'sessions' | 'endSessions'>;

/** `GET /frontchannel-logout?iss=...&sid=...`. */
export function frontchannelLogout(
  parts: FrontchannelParts,
  provider: SignInProvider,
): EndpointSteps<'frontchannelLogout'> {
  return { GET: [endNamedSession(parts, provider), sendEmptyFrame(provider)] };
}

/**
 * Ends the session of the cookie if `iss` and `sid` both match it, so that no other site can sign the user out. Where the
 * browser withholds the cookie, nothing ends.
 */
function endNamedSession(
  { cookies, sessions, endSessions }: FrontchannelParts,
  provider: SignInProvider,
): RequestHandler {
  return async function endNamedSession(req, res, next) {
    const query = singleParams(queryParams(req));
    const [issuer, sid] = [query.get('iss'), query.get('sid')];
    const session = await currentSession({ sessions }, req);
    const isOfProvider = session?.data.issuer === issuer && providerIdOf(session.tokens) === provider.id;
    if (isOfProvider && sid !== null && session.data.sid === sid) {
      await endSessions([session], 'frontchannel_logout');
      res.clearCookie(cookies.sessionName, cookies.sessionOptions);
    }
    next();
  };
}

/** Sends the same page whether a session ended or not; only the provider may frame it. */
function sendEmptyFrame({ config }: SignInProvider): RequestHandler {
  const frameAncestors = new URL(config.issuer).origin;
  return function sendEmptyFrame(_req, res) {
    res.removeHeader('X-Frame-Options');
    res.set('Content-Security-Policy', `default-src 'none'; frame-ancestors ${frameAncestors}`);
    res.status(200).type('text/html; charset=utf-8').send('<!doctype html><title>Signed out</title>');
  };
}
