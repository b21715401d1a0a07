/** Which access token goes with a call to the upstream of a route: the caller's, one made for it, or none. */
import type { RouteConfig } from '../config/schema.ts';
import type { UpstreamTokens } from '../oidc/upstream-token.ts';
import type { UpstreamCredentials } from './outgoing.ts';
import type { Admission } from './steps.ts';

/** Undefined for a call without an access token. */
export type CredentialsOf = (
  admission: Admission,
) => UpstreamCredentials | undefined | Promise<UpstreamCredentials | undefined>;

/** What the caller showed, as it may go upstream. */
function ownCredentials(admission: Admission): UpstreamCredentials | undefined {
  if (admission.kind === 'user') return { token: admission.session.tokens.accessToken, scheme: 'Bearer' };
  if (admission.kind !== 'bearer') return undefined;
  const { token, scheme, proof } = admission.caller;
  // A bound token stays bound: without its proof it would be a bearer token to whoever sees it (RFC 9449 section 7.2).
  return proof === undefined ? { token, scheme } : { token, scheme, proof };
}

/**
 * Builds the choice for one route. Nobody who was not asked who they are gets a token of the gateway's own: an open rule
 * opens the route, not what lies behind it.
 */
export function createCredentialsOf(
  { upstreamToken, path }: RouteConfig,
  tokens: UpstreamTokens | undefined,
): CredentialsOf {
  if (upstreamToken === 'forward') return ownCredentials;
  if (upstreamToken === 'none') return () => undefined;
  if (!tokens) throw new Error(`route ${path} needs tokens for its upstream`);
  const made = (token: string): UpstreamCredentials => ({ token, scheme: 'Bearer' });
  if ('clientCredentials' in upstreamToken) {
    const target = upstreamToken.clientCredentials;
    return async (admission) => (ownCredentials(admission) ? made(await tokens.ownToken(target)) : undefined);
  }
  const target = upstreamToken.exchange;
  return async (admission) => {
    const own = ownCredentials(admission);
    return own && made(await tokens.exchange(own.token, target));
  };
}
