/** Selects the access token that a request carries to its upstream: the caller's own, one obtained for the upstream, or none. */
import type { RouteConfig } from '../../config/schema/schema.ts';
import type { ProvableToken, ProvenRequest, UpstreamProofs } from '../../oidc/dpop/upstream-proofs.ts';
import type { ExchangedToken, UpstreamTokensByProvider } from '../../oidc/tokens/upstream-tokens-by-provider.ts';
import { providerIdOf } from '../../session/session-types.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';
import type { Admission } from '../admission/admit.ts';
import type { UpstreamCredentials } from '../headers/request-headers.ts';

/** Returns the credentials for the upstream; undefined for a request without an access token. */
export type SelectCredentials = (
  admission: Admission,
  request: ProvenRequest,
) => MaybePromise<UpstreamCredentials | undefined>;

type Present = (token: ProvableToken, request: ProvenRequest) => UpstreamCredentials;

/** A bound token keeps its proof: without it, anyone who sees the token could use it (RFC 9449 section 7.2). */
function createPresent(proofs: UpstreamProofs): Present {
  return function present(token, request) {
    const proof = proofs.prove(token, request);
    if (proof === undefined) return { authorization: `Bearer ${token.accessToken}` };
    const createProof = () => proofs.prove(token, request) ?? proof;
    return { authorization: `DPoP ${token.accessToken}`, proof, createProof };
  };
}

/** Forwards the token of the session, or the token that the caller sent. */
function createForwardCredentials(present: Present): SelectCredentials {
  return function forwardCredentials(admission, request) {
    if (admission.kind === 'user') return present(admission.session.tokens, request);
    if (admission.kind !== 'bearer') return undefined;
    const { token, scheme, proof } = admission.caller;
    const authorization = `${scheme} ${token}`;
    return proof === undefined ? { authorization } : { authorization, proof };
  };
}

/** Returns the token of an authenticated caller, with its key when the gateway holds it; undefined for other callers. */
function callerToken(admission: Admission): ExchangedToken | undefined {
  if (admission.kind === 'user') {
    const { tokens } = admission.session;
    return { ...tokens, provider: providerIdOf(tokens) };
  }
  if (admission.kind !== 'bearer') return undefined;
  const { token, facts } = admission.caller;
  return { accessToken: token, provider: facts.providers[0] };
}

/**
 * Creates the selection for one route. An unauthenticated caller never gets a token of the gateway: an open rule opens the
 * route, not the API behind it.
 */
export function createSelectCredentials(
  { upstreamToken, path }: RouteConfig,
  tokens: UpstreamTokensByProvider | undefined,
  proofs: UpstreamProofs,
): SelectCredentials {
  const present = createPresent(proofs);
  if (upstreamToken === 'forward') return createForwardCredentials(present);
  if (upstreamToken === 'none') return () => undefined;
  if (!tokens) throw new Error(`route ${path}: upstreamToken requires a source of upstream tokens`);
  if ('clientCredentials' in upstreamToken) {
    const target = upstreamToken.clientCredentials;
    return async (admission, request) =>
      callerToken(admission) === undefined ? undefined : present(await tokens.clientCredentialsToken(target), request);
  }
  const target = upstreamToken.exchange;
  return async (admission, request) => {
    const subject = callerToken(admission);
    return subject === undefined ? undefined : present(await tokens.exchange(subject, target), request);
  };
}
