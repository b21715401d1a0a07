/** Runs `onLogin`: plugins add data to the session of a sign-in, or refuse it. */
import type { Request } from 'express';
import { requestInfo } from '../edge/request-context.ts';
import type { LoginResult } from '../oidc/login/login-acceptance.ts';
import { providerIdOf } from '../session/session-types.ts';
import { contextOf } from './common/context.ts';
import type { EndpointParts } from './common/endpoint.ts';
import { userClaims } from './profile.ts';

export type LoginHookParts = Pick<EndpointParts, 'config' | 'hooks' | 'revoker'>;

/**
 * Returns the sign-in with the data of the plugins. When a plugin refuses it or fails, its tokens are revoked and the error is
 * thrown: there never was a session. `returnTo` is where the user returns.
 */
export async function runLoginHooks(
  { config, hooks, revoker }: LoginHookParts,
  req: Request,
  login: LoginResult,
  returnTo: string,
): Promise<LoginResult> {
  if (!hooks.login) return login;
  const { data, tokens } = login;
  try {
    const custom = await hooks.login({
      app: config.app.id,
      provider: providerIdOf(tokens),
      sub: data.sub,
      claims: userClaims(tokens, false),
      userInfo: tokens.userInfo && structuredClone(tokens.userInfo),
      returnTo,
      request: requestInfo(contextOf(req)),
    });
    return custom === undefined ? login : { tokens, data: { ...data, custom } };
  } catch (error) {
    void revoker.revoke(tokens, 0);
    throw error;
  }
}
