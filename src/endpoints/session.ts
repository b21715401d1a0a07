/** Tells the front end whether somebody is signed in and for how long; never a token, never a prolonged session. */
import type { RequestHandler } from 'express';
import { endpointPaths } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Keyring } from '../crypto/keyring.ts';
import { logoutNonce } from '../crypto/logout-nonce.ts';
import type { Sessions } from '../session/session-types.ts';
import { requireCsrf, sendJson } from './context.ts';

export interface SessionParts {
  config: Config;
  keyring: Keyring;
  sessions: Sessions;
  clock: () => number;
}

/** `GET /session`: always 200 with `authenticated`; only an outage of the store is an error. */
export function sessionEndpoint({ config, keyring, sessions, clock }: SessionParts): RequestHandler {
  const { login, logout } = endpointPaths(config.endpoints);
  const common = { csrfHeader: { name: config.csrf.header, value: '1' }, loginUrl: login };

  return async function session(req, res) {
    const key = sessions.identify(req.headers.cookie);
    if (key !== undefined) requireCsrf(config, req);
    const active = key === undefined ? undefined : await sessions.load(key);
    const idle = active && (await sessions.remaining(active.key));
    if (!active || idle === undefined) {
      sendJson(res, { authenticated: false, ...common });
      return;
    }
    const { data } = active;
    sendJson(res, {
      authenticated: true,
      sub: data.sub,
      ...(data.acr === undefined ? {} : { acr: data.acr }),
      ...(data.authTime === undefined ? {} : { authTime: data.authTime }),
      createdAt: new Date(data.createdAt).toISOString(),
      expiresAt: new Date(data.expiresAt).toISOString(),
      idleExpiresAt: new Date(Math.min(clock() + idle, data.expiresAt)).toISOString(),
      ...common,
      logoutUrl: `${logout}?sid=${logoutNonce(keyring, active.key)}`,
    });
  };
}
