/** Ends sessions that ended at the provider, on every replica (OpenID Connect Back-Channel Logout 1.0). */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { GatewayError } from '../../base/errors.ts';
import { createLruCache } from '../../base/lru.ts';
import { pathSuffix } from '../../config/schema/providers.ts';
import { digest } from '../../crypto/digest.ts';
import type { LogoutTokenSubject } from '../../oidc/logout/logout-token.ts';
import type { SignInProvider } from '../../oidc/sign-in/sign-in-provider.ts';
import { type ActiveSession, providerIdOf } from '../../session/session-types.ts';
import { contextOf } from '../common/context.ts';
import type { EndpointParts, EndpointSteps } from '../common/endpoint.ts';
import { formParams } from '../common/parameters.ts';
import { parseForm } from '../common/steps.ts';

type BackchannelParts = Pick<
  EndpointParts,
  'directory' | 'endSessions' | 'audit' | 'rateLimits' | 'store' | 'clock'
> & {
  provider: SignInProvider;
};

/** Maximum number of logout tokens whose use this instance remembers without asking the store. */
const MAX_FINISHED = 10_000;

/** `POST /backchannel-logout`: 200 when the sessions are ended or there were none; 400 for an invalid token. */
export function backchannelLogout(
  shared: Omit<BackchannelParts, 'provider'>,
  provider: SignInProvider,
): EndpointSteps<'backchannelLogout'> {
  const parts = { ...shared, provider };
  return { POST: [parts.rateLimits.logoutToken, parseForm, endNamedSessions(parts)] };
}

/** The single `logout_token` of the form (section 2.5). */
function tokenOf(req: Request): string {
  const [token, ...more] = formParams(req).getAll('logout_token');
  if (token === undefined || token === '' || more.length > 0)
    throw new GatewayError('logout_token_refused', { detail: 'expected one logout_token in a form' });
  return token;
}

/** Validates the logout token; a refused one is audited, since it may be an attack. */
async function logoutRequestOf({ provider, audit }: BackchannelParts, req: Request): Promise<LogoutTokenSubject> {
  try {
    return await provider.checkLogoutToken(tokenOf(req));
  } catch (error) {
    const { id: requestId, clientIp } = contextOf(req);
    if (error instanceof GatewayError && error.code === 'logout_token_refused')
      audit('logout_token.refused', { requestId, clientIp, reason: error.code });
    throw error;
  }
}

/**
 * Section 2.7: a `sid` names one session; a `sub` without `sid` names all of the user's sessions at this issuer. Sessions of
 * another client of the issuer are not concerned.
 */
async function* namedSessions(
  { directory, provider }: BackchannelParts,
  { issuer, sub, sid }: LogoutTokenSubject,
): AsyncGenerator<readonly ActiveSession[]> {
  const isNamed = ({ data, tokens }: ActiveSession) =>
    (sub === undefined || data.sub === sub) && providerIdOf(tokens) === provider.id;
  const batches = sid === undefined ? directory.ofUser(issuer, sub ?? '') : directory.ofProviderSession(issuer, sid);
  for await (const batch of batches) yield batch.filter(isNamed);
}

/**
 * Claims each token once over all replicas. The claim is a lease, not a plain mark: when the store fails half way, or its
 * response is lost, the provider's next attempt must not count as a replay.
 */
function createTokenClaims({ store }: Pick<BackchannelParts, 'store'>) {
  const owner = randomUUID();
  const finished = createLruCache<true>(MAX_FINISHED);
  return {
    async claim(name: string, ttl: number): Promise<boolean> {
      if (finished.has(name)) return false;
      return (await store.acquireLease(name, owner, ttl)) || (await store.renewLease(name, owner, ttl));
    },
    finish: (name: string) => void finished.set(name, true),
    release: (name: string) => store.releaseLease(name, owner).catch(() => undefined),
  };
}

function endNamedSessions(parts: BackchannelParts): RequestHandler {
  const { endSessions, clock, provider } = parts;
  const claims = createTokenClaims(parts);

  return async function endNamedSessions(req, res) {
    const request = await logoutRequestOf(parts, req);
    const name = `logout:${digest(`${request.issuer} ${request.jti}${pathSuffix(provider)}`)}`;
    const ttl = Math.max(1_000, request.replayableUntil - clock());
    if (!(await claims.claim(name, ttl)))
      throw new GatewayError('logout_token_refused', { detail: 'the token was already used' });
    try {
      for await (const batch of namedSessions(parts, request)) await endSessions(batch, 'backchannel_logout');
      claims.finish(name);
    } catch (error) {
      await claims.release(name);
      throw error;
    }
    res.status(200).end();
  };
}
