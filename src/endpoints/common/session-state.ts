/** The state of a session as the front end may see it: never a token. */
import { endpointPaths } from '../../config/schema/endpoints.ts';
import { signInProviders } from '../../config/schema/providers.ts';
import { logoutNonce } from '../../crypto/logout-nonce.ts';
import { sessionBinding } from '../../crypto/session-binding.ts';
import { sessionOfEvent } from '../../session/session-hooks.ts';
import { providerIdOf, type RequestSession } from '../../session/session-types.ts';
import type { EndpointParts } from './endpoint.ts';

export type SessionStateParts = Pick<EndpointParts, 'config' | 'keyring' | 'sessions' | 'hooks' | 'clock'>;

/** Creates the functions that describe a session, and its absence, in the JSON of `/session`. */
export function createSessionState({ config, keyring, sessions, hooks, clock }: SessionStateParts) {
  const { login, logout } = endpointPaths(config.endpoints);
  const providers = signInProviders(config);
  const choices = providers.map(({ id, name = id }) => ({ id, name, loginUrl: `${login}?provider=${id}` }));
  const common = {
    csrfHeader: { name: config.csrf.header, value: '1' },
    loginUrl: login,
    ...(providers.length === 1 ? {} : { providers: choices }),
  };

  return {
    signedOut: { authenticated: false, ...common },
    /** Undefined if the session has ended since it was loaded. */
    async describeSession(session: RequestSession): Promise<Record<string, unknown> | undefined> {
      const { key, data, tokens } = session;
      const custom = await hooks.session?.(sessionOfEvent(config.app.id, session));
      // After the hooks: the session may end while a slow one runs.
      const idle = await sessions.remaining(key);
      if (idle === undefined) return undefined;
      return {
        authenticated: true,
        ...describe(data, clock() + idle),
        ...(providers.length === 1 ? {} : { provider: providerIdOf(tokens) }),
        binding: sessionBinding(keyring, key),
        ...(custom === undefined ? {} : { custom }),
        ...common,
        logoutUrl: `${logout}?sid=${logoutNonce(keyring, key)}`,
      };
    },
  };
}

/** `idleEnd` is when the session expires without a request, in milliseconds since the epoch. */
function describe(data: RequestSession['data'], idleEnd: number) {
  return {
    sub: data.sub,
    ...(data.acr === undefined ? {} : { acr: data.acr }),
    ...(data.authTime === undefined ? {} : { authTime: data.authTime }),
    createdAt: new Date(data.createdAt).toISOString(),
    expiresAt: new Date(data.expiresAt).toISOString(),
    idleExpiresAt: new Date(Math.min(idleEnd, data.expiresAt)).toISOString(),
  };
}
