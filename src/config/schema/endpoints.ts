/** The paths of the gateway's own endpoints, in one place. */
import type { Config } from './schema.ts';

export interface Endpoints {
  login: string;
  callback: string;
  logout: string;
  /** Where a script sends the browser after it signed out. */
  logoutContinue: string;
  signedOut: string;
  /** Where a sign-in in a window of its own ends: tells the page that opened it, and closes. */
  signedIn: string;
  profile: string;
  session: string;
  sessions: string;
  backchannelLogout: string;
  frontchannelLogout: string;
  /** The module for the front end. */
  client: string;
}

/** Every endpoint under the configured prefix. */
export function endpointPaths({ prefix }: Pick<Config['endpoints'], 'prefix'>): Endpoints {
  return {
    login: `${prefix}/login`,
    callback: `${prefix}/callback`,
    logout: `${prefix}/logout`,
    logoutContinue: `${prefix}/logout/continue`,
    signedOut: `${prefix}/signed-out`,
    signedIn: `${prefix}/signed-in`,
    profile: `${prefix}/profile`,
    session: `${prefix}/session`,
    sessions: `${prefix}/sessions`,
    backchannelLogout: `${prefix}/backchannel-logout`,
    frontchannelLogout: `${prefix}/frontchannel-logout`,
    client: `${prefix}/client.js`,
  };
}

/** Which paths are endpoints of the gateway, and under what name metrics count each of them. */
export function ownEndpoints(config: Pick<Config, 'endpoints' | 'publicUrl' | 'accessTokens'>) {
  const { login: loginUrl, ...own } = endpointPaths(config.endpoints);
  const ownPaths = new Set<string>([loginUrl, ...Object.values(own), protectedResource(config).metadataPath]);
  const isOwn = (path: string) => ownPaths.has(path) || path.startsWith(`${own.sessions}/`);
  /** A path of the gateway, never one that the client made up. */
  function nameOf(path: string): string {
    if (ownPaths.has(path)) return path;
    return isOwn(path) ? `${own.sessions}/{id}/revoke` : 'frontend';
  }
  return { loginUrl, isOwn, nameOf };
}

/** The endpoints that a sign-in must not lead back to: it would go in a circle, or land where no page is. */
export function circularPaths(endpoints: Pick<Config['endpoints'], 'prefix'>): string[] {
  const { sessions, signedIn, ...others } = endpointPaths(endpoints);
  return Object.values(others).filter((path) => path !== sessions && path !== signedIn);
}

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The identifier of the protected resource, and where its metadata is: always on the public origin (RFC 9728 section 3.1). */
export function protectedResource({ publicUrl, accessTokens }: Pick<Config, 'publicUrl' | 'accessTokens'>) {
  const resource = accessTokens?.resource ?? publicUrl;
  const { pathname } = new URL(resource);
  const metadataPath = pathname === '/' ? WELL_KNOWN : WELL_KNOWN + pathname;
  return { resource, metadataPath, metadataUrl: publicUrl + metadataPath };
}
