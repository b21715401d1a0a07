/** Returns whether the user is signed in and for how long; never a token, and without extending the session. */
import { endpointPaths } from '../config/schema/endpoints.ts';
import { logoutNonce } from '../crypto/logout-nonce.ts';
import { sessionBinding } from '../crypto/session-binding.ts';
import type { ActiveSession } from '../session/session-types.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { sendJson } from './common/responses.ts';
import { requireCsrf } from './common/steps.ts';

/** `GET /session`: 200 with `authenticated`. With a session cookie it needs the CSRF header; an unavailable store is an error. */
export function session({
  config,
  keyring,
  sessions,
  clock,
}: Pick<EndpointParts, 'config' | 'keyring' | 'sessions' | 'clock'>): EndpointSteps<'session'> {
  const { login, logout } = endpointPaths(config.endpoints);
  const common = { csrfHeader: { name: config.csrf.header, value: '1' }, loginUrl: login };

  return {
    GET: [
      async function describeSession(req, res) {
        const key = sessions.identify(req.headers.cookie);
        if (key !== undefined) requireCsrf(config, req);
        const active = key === undefined ? undefined : await sessions.load(key);
        const idle = active && (await sessions.remaining(active.key));
        if (!active || idle === undefined) return sendJson(res, { authenticated: false, ...common });
        sendJson(res, {
          authenticated: true,
          ...describe(active, clock() + idle),
          binding: sessionBinding(keyring, active.key),
          ...common,
          logoutUrl: `${logout}?sid=${logoutNonce(keyring, active.key)}`,
        });
      },
    ],
  };
}

/** The session as the front end may see it; `idleEnd` is when it expires without a request, in milliseconds since the epoch. */
function describe({ data }: ActiveSession, idleEnd: number) {
  return {
    sub: data.sub,
    ...(data.acr === undefined ? {} : { acr: data.acr }),
    ...(data.authTime === undefined ? {} : { authTime: data.authTime }),
    createdAt: new Date(data.createdAt).toISOString(),
    expiresAt: new Date(data.expiresAt).toISOString(),
    idleExpiresAt: new Date(Math.min(idleEnd, data.expiresAt)).toISOString(),
  };
}
