/** The signed-in user's claims from the ID token: its only use beside the provider's logout. */
import type { RequestHandler } from 'express';
import { GatewayError } from '../base/errors.ts';
import type { Config } from '../config/schema/schema.ts';
import { storedClaims } from '../oidc/provider/id-token.ts';
import type { Sessions } from '../session/session-types.ts';
import { requireCsrf, sendJson } from './context.ts';

/** Claims about the token rather than the user: nothing a front end should build on, and the nonce is a protocol secret. */
const PROTOCOL_CLAIMS = new Set([
  'nonce',
  'at_hash',
  'c_hash',
  's_hash',
  'azp',
  'aud',
  'exp',
  'iat',
  'nbf',
  'jti',
  'sid',
  'session_state',
  'typ',
]);

/** `GET /profile`: 401 without a session. */
export function profileEndpoint({ config, sessions }: { config: Config; sessions: Sessions }): RequestHandler {
  return async function profile(req, res) {
    const key = sessions.identify(req.headers.cookie);
    if (key === undefined) throw new GatewayError('unauthenticated');
    requireCsrf(config, req);
    const session = await sessions.load(key);
    if (!session) throw new GatewayError('unauthenticated');
    sessions.touch(session);
    sendJson(
      res,
      Object.fromEntries(
        Object.entries(storedClaims(session.tokens.idToken)).filter(([name]) => !PROTOCOL_CLAIMS.has(name)),
      ),
    );
  };
}
