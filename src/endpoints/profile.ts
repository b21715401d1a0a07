/** Returns the claims of the signed-in user's ID token. */
import { GatewayError } from '../base/errors.ts';
import { storedClaims } from '../oidc/provider/id-token.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { sendJson } from './common/responses.ts';
import { requireCsrf } from './common/steps.ts';

/** Claims about the token rather than the user: a front end should not rely on them, and the nonce is a protocol secret. */
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

function userClaims(idToken: string): Record<string, unknown> {
  const claims = Object.entries(storedClaims(idToken));
  return Object.fromEntries(claims.filter(([name]) => !PROTOCOL_CLAIMS.has(name)));
}

/** `GET /profile`: 401 without a session. */
export function profile({ config, sessions }: Pick<EndpointParts, 'config' | 'sessions'>): EndpointSteps<'profile'> {
  return {
    GET: [
      async function sendProfile(req, res) {
        const key = sessions.identify(req.headers.cookie);
        if (key === undefined) throw new GatewayError('unauthenticated');
        requireCsrf(config, req);
        const active = await sessions.load(key);
        if (!active) throw new GatewayError('unauthenticated');
        sessions.touch(active);
        sendJson(res, userClaims(active.tokens.idToken));
      },
    ],
  };
}
