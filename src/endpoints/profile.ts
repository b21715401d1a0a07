/** Returns the claims of the signed-in user: from the ID token, and from UserInfo if configured. */
import { GatewayError } from '../base/errors.ts';
import { storedClaims } from '../oidc/provider/id-token.ts';
import { SIGN_IN_CLAIMS } from '../oidc/tokens/identity-claims.ts';
import type { TokenRecord } from '../session/session-types.ts';
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

const without = (claims: Record<string, unknown>, names: ReadonlySet<string>) =>
  Object.fromEntries(Object.entries(claims).filter(([name]) => !names.has(name)));

/** The claims about the user that the front end may see. */
export function userClaims({ idToken, userInfo = {} }: TokenRecord, withUserInfo: boolean): Record<string, unknown> {
  const claims = storedClaims(idToken);
  return without(withUserInfo ? { ...claims, ...without(userInfo, SIGN_IN_CLAIMS) } : claims, PROTOCOL_CLAIMS);
}

/** `GET /profile`: 401 without a session. */
export function profile({
  config,
  providers,
  sessions,
}: Pick<EndpointParts, 'config' | 'providers' | 'sessions'>): EndpointSteps<'profile'> {
  return {
    GET: [
      async function sendProfile(req, res) {
        const key = sessions.identify(req.headers.cookie);
        if (key === undefined) throw new GatewayError('unauthenticated');
        requireCsrf(config, req);
        const active = await sessions.load(key);
        if (!active) throw new GatewayError('unauthenticated');
        sessions.touch(active);
        sendJson(res, userClaims(active.tokens, providers.of(active).config.userInfoInProfile));
      },
    ],
  };
}
