/** The provider says that a session ended there: it ends here too, on every replica (OpenID Connect Back-Channel Logout 1.0). */
import { randomUUID } from 'node:crypto';
import type { Request, RequestHandler } from 'express';
import { GatewayError } from '../base/errors.ts';
import { createLruCache } from '../base/lru.ts';
import { digest } from '../crypto/digest.ts';
import type { Audit } from '../observe/audit.ts';
import type { EndSessions } from '../oidc/logout/end-sessions.ts';
import type { LogoutTokenSubject } from '../oidc/logout/logout-token.ts';
import type { SessionDirectory } from '../session/session-directory.ts';
import type { ActiveSession } from '../session/session-types.ts';
import type { Store } from '../store/port/store.ts';
import { contextOf } from './context.ts';

export interface BackchannelParts {
  checkLogoutToken: (token: string) => Promise<LogoutTokenSubject>;
  directory: Pick<SessionDirectory, 'findByUser' | 'findByProviderSession'>;
  endSessions: EndSessions;
  audit: Audit;
  store: Pick<Store, 'acquireLease' | 'renewLease' | 'releaseLease'>;
  clock: () => number;
}

/** The one `logout_token` of the form (section 2.5). */
function tokenIn({ body }: Request): string {
  const tokens = typeof body === 'string' ? new URLSearchParams(body).getAll('logout_token') : [];
  const [token, ...more] = tokens;
  if (token === undefined || token === '' || more.length > 0)
    throw new GatewayError('logout_token_refused', { detail: 'expected one logout_token in a form' });
  return token;
}

/** `POST /backchannel-logout`: 200 when it is done, also when there was nothing to end; 400 for a token that is not good. */
export function backchannelLogoutEndpoint(parts: BackchannelParts): RequestHandler {
  const { audit, checkLogoutToken, directory, endSessions, store, clock } = parts;
  const owner = randomUUID();
  const finished = createLruCache<true>(10_000);

  /**
   * Takes the token for good, over all replicas. Not a plain mark: when the store fails half way, or its answer is lost, the
   * provider's next attempt must not be taken for a replay.
   */
  async function claim(name: string, ttl: number): Promise<boolean> {
    if (finished.has(name)) return false;
    return (await store.acquireLease(name, owner, ttl)) || (await store.renewLease(name, owner, ttl));
  }

  /** Section 2.7: a `sid` ends that session alone, a `sub` without one all of the user's at this issuer. */
  async function affected({ issuer, sub, sid }: LogoutTokenSubject): Promise<ActiveSession[]> {
    if (sid === undefined) return sub === undefined ? [] : await directory.findByUser(issuer, sub);
    const found = await directory.findByProviderSession(issuer, sid);
    return found.filter(({ data }) => sub === undefined || data.sub === sub);
  }

  /** What the token says; a refusal is worth a line, since somebody may be trying. */
  async function accepted(req: Request): Promise<LogoutTokenSubject> {
    try {
      return await checkLogoutToken(tokenIn(req));
    } catch (error) {
      const { id: requestId, clientIp } = contextOf(req);
      if (error instanceof GatewayError && error.code === 'logout_token_refused')
        audit('logout_token.refused', { requestId, clientIp, reason: error.code });
      throw error;
    }
  }

  return async function backchannelLogout(req, res) {
    const request = await accepted(req);
    const name = `logout:${digest(`${request.issuer} ${request.jti}`)}`;
    const ttl = Math.max(1_000, request.replayableUntil - clock());
    if (!(await claim(name, ttl)))
      throw new GatewayError('logout_token_refused', { detail: 'this token was used before' });
    try {
      await endSessions(await affected(request), 'backchannel_logout');
      finished.set(name, true);
    } catch (error) {
      await store.releaseLease(name, owner).catch(() => undefined);
      throw error;
    }
    res.status(200).end();
  };
}
