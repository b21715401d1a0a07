/** The paths of the gateway's own endpoints, in one place. */
import type { Config } from './schema.ts';

export interface Endpoints {
  login: string;
  /** The same-origin hop after the callback. */
  loginComplete: string;
  callback: string;
  logout: string;
  /** Where a script sends the browser after it signed out. */
  logoutContinue: string;
  signedOut: string;
  profile: string;
  session: string;
}

/** Every endpoint under the configured prefix. */
export function endpointPaths({ prefix }: Pick<Config['endpoints'], 'prefix'>): Endpoints {
  return {
    login: `${prefix}/login`,
    loginComplete: `${prefix}/login/complete`,
    callback: `${prefix}/callback`,
    logout: `${prefix}/logout`,
    logoutContinue: `${prefix}/logout/continue`,
    signedOut: `${prefix}/signed-out`,
    profile: `${prefix}/profile`,
    session: `${prefix}/session`,
  };
}
