/** Which access token goes with a call to the upstream of a route: the caller's, one made for it, or none. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { ProvableToken, ProvenRequest, UpstreamProofs } from '../../oidc/dpop/upstream-proofs.ts';
import type { UpstreamTokens } from '../../oidc/tokens/upstream-tokens.ts';
import type { Admission } from '../admission/admit.ts';
import type { UpstreamCredentials } from '../headers/request-headers.ts';

/** Undefined for a call without an access token. */
export type CredentialsOf = (
  admission: Admission,
  call: ProvenRequest,
) => UpstreamCredentials | undefined | Promise<UpstreamCredentials | undefined>;

/** A bound token stays bound: without its proof it would be a bearer token to whoever sees it (RFC 9449 section 7.2). */
function createShow(proofs: UpstreamProofs) {
  return function show(token: ProvableToken, call: ProvenRequest): UpstreamCredentials {
    const proof = proofs.prove(token, call);
    if (proof === undefined) return { authorization: `Bearer ${token.accessToken}` };
    const prove = () => proofs.prove(token, call) ?? proof;
    return { authorization: `DPoP ${token.accessToken}`, proof, prove };
  };
}

/** What the caller showed, as it may go upstream. */
function createOwnCredentials(show: ReturnType<typeof createShow>): CredentialsOf {
  return function ownCredentials(admission, call) {
    if (admission.kind === 'user') return show(admission.session.tokens, call);
    if (admission.kind !== 'bearer') return undefined;
    const { token, scheme, proof } = admission.caller;
    const authorization = `${scheme} ${token}`;
    return proof === undefined ? { authorization } : { authorization, proof };
  };
}

/** The token of whoever was asked who they are, with its key where the gateway holds it. */
function ownToken(admission: Admission): ProvableToken | undefined {
  if (admission.kind === 'user') return admission.session.tokens;
  return admission.kind === 'bearer' ? { accessToken: admission.caller.token } : undefined;
}

/**
 * Builds the choice for one route. Nobody who was not asked who they are gets a token of the gateway's own: an open rule
 * opens the route, not what lies behind it.
 */
export function createCredentialsOf(
  { upstreamToken, path }: RouteConfig,
  tokens: UpstreamTokens | undefined,
  proofs: UpstreamProofs,
): CredentialsOf {
  const show = createShow(proofs);
  if (upstreamToken === 'forward') return createOwnCredentials(show);
  if (upstreamToken === 'none') return () => undefined;
  if (!tokens) throw new Error(`route ${path} needs tokens for its upstream`);
  if ('clientCredentials' in upstreamToken) {
    const target = upstreamToken.clientCredentials;
    return async (admission, call) =>
      ownToken(admission) === undefined ? undefined : show(await tokens.clientCredentialsToken(target), call);
  }
  const target = upstreamToken.exchange;
  return async (admission, call) => {
    const own = ownToken(admission);
    return own === undefined ? undefined : show(await tokens.exchange(own, target), call);
  };
}
