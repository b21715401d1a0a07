/** The paths of the gateway's own endpoints, in one place. */
import type { Config } from './schema.ts';

export interface Endpoints {
  login: string;
  /** The same-origin hop after the callback. */
  loginComplete: string;
  callback: string;
  logout: string;
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
    signedOut: `${prefix}/signed-out`,
    profile: `${prefix}/profile`,
    session: `${prefix}/session`,
  };
}
