/** The sign-out of a site is the sign-out of the gateway: its paths lead there. */
import type { IncomingMessage } from 'node:http';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { logoutNonce } from '../../crypto/logout-nonce.ts';
import type { RequestTarget } from '../../routing/target.ts';
import type { Sessions } from '../../session/session-types.ts';

export interface SignOutPathParts {
  config: Config;
  keyring: Keyring;
  sessions: Pick<Sessions, 'identify'>;
}

/** Whether a page of the own origin or the user, and no other site, opened the address. */
function isOwn({ headers }: IncomingMessage, publicUrl: string): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  return headers.origin === publicUrl;
}

/**
 * Creates the function that returns where a request to a sign-out path of a site continues; undefined for any other path. With
 * the value of the session the gateway signs out at once; a link of another site leads to the page that asks.
 */
export function createSignOutAddress({ config, keyring, sessions }: SignOutPathParts) {
  const { logout } = endpointPaths(config.endpoints);
  return function signOutAddress(
    req: IncomingMessage,
    target: Pick<RequestTarget, 'path'>,
    { logoutPaths }: Pick<RouteConfig, 'logoutPaths'>,
  ): string | undefined {
    if (!logoutPaths.includes(target.path)) return undefined;
    const key = sessions.identify(req.headers.cookie);
    return key === undefined || !isOwn(req, config.publicUrl) ? logout : `${logout}?sid=${logoutNonce(keyring, key)}`;
  };
}
