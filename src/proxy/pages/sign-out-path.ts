/** The sign-out of a site is the sign-out of the gateway: its paths lead there. */
import type { IncomingMessage } from 'node:http';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { logoutNonce } from '../../crypto/logout-nonce.ts';
import { isPrefetch } from '../../policy/navigation.ts';
import type { RequestTarget } from '../../routing/target.ts';
import type { Sessions } from '../../session/session-types.ts';

export interface SignOutPathParts {
  config: Config;
  keyring: Keyring;
  sessions: Pick<Sessions, 'identify'>;
}

/** What a link, a form or a script requests. An image or a frame may be the content of another user. */
const DESTINATIONS: readonly unknown[] = ['document', 'empty'];

/** Whether a page of the own origin, and no other site, asks to sign out. */
function isOwn({ headers }: IncomingMessage, publicUrl: string): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-dest': destination } = headers;
  if (isPrefetch(headers)) return false;
  if (site !== undefined) return site === 'same-origin' && DESTINATIONS.includes(destination);
  return headers.origin === publicUrl;
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Compares spellings: percent-encoding, empty segments and a slash at the end make no other address of most sites. */
const plainPath = (path: string) =>
  path
    .split('/')
    .filter((segment) => segment !== '')
    .map(decoded)
    .join('/');

/**
 * Creates the function that returns where a request to a sign-out path of a site continues; undefined for any other path. With
 * the value of the session the gateway signs out at once; a link of another site leads to the page that asks.
 */
export function createSignOutAddress({ config, keyring, sessions }: SignOutPathParts) {
  const { logout } = endpointPaths(config.endpoints);
  const paths = new Map(config.routes.map((route) => [route, new Set(route.logoutPaths.map(plainPath))]));
  return function signOutAddress(
    req: IncomingMessage,
    target: Pick<RequestTarget, 'path'>,
    route: RouteConfig,
  ): string | undefined {
    if (route.logoutPaths.length === 0 || !paths.get(route)?.has(plainPath(target.path))) return undefined;
    const key = sessions.identify(req.headers.cookie);
    return key === undefined || !isOwn(req, config.publicUrl) ? logout : `${logout}?sid=${logoutNonce(keyring, key)}`;
  };
}
