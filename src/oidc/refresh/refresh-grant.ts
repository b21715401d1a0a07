/** Refresh grant: refreshes the tokens of a session, stores them, and decides what a failure means for the session. */
import { GatewayError } from '../../base/errors.ts';
import { shortKey } from '../../base/tagged-name.ts';
import type { Audit } from '../../observe/audit.ts';
import { describeError } from '../../observe/log.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { ActiveSession, Sessions, TokenRecord } from '../../session/session-types.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Backoff } from './backoff.ts';
import type { RefreshResult } from './refresh-result.ts';
import { createTokenRequest, type TokenRequestOptions } from './token-request.ts';
import { createUnsavedTokens } from './unsaved-tokens.ts';

export interface RefreshGrantOptions extends TokenRequestOptions {
  sessions: Sessions;
  backoff: Backoff;
  audit: Audit;
  sessionHooks: SessionHooks;
}

export interface RefreshGrant {
  /** Refreshes the tokens of a session; the caller holds its lease. */
  refresh(session: ActiveSession): Promise<RefreshResult>;
  /** Tries a last time to store tokens that could not be stored so far. */
  close(): Promise<void>;
}

/** Creates the refresh grant of one process. */
export function createRefreshGrant(options: RefreshGrantOptions): RefreshGrant {
  const { config, sessions, revoker, backoff, log, audit, sessionHooks } = options;
  const requestTokens = createTokenRequest(options);
  const handleFailure = createFailureHandler(options);
  const unsaved = createUnsavedTokens({ save: store, log });

  /** Stores refreshed tokens before anything uses them (RFC 9700 4.14.2). */
  async function store(session: ActiveSession, tokens: TokenRecord): Promise<RefreshResult> {
    const outcome = await sessions.replaceTokens(session, tokens).catch((error: unknown) => {
      unsaved.add(session, tokens);
      throw error;
    });
    unsaved.remove(session.key);
    if (outcome === 'replaced') {
      sessionHooks.tokensStored({ ...session, tokens }, 'refresh');
      return { kind: 'refreshed', session: { ...session, tokens, version: session.version + 1 } };
    }
    if (outcome === 'gone') {
      // Signed out during the refresh: the new tokens must not outlive the session (ASVS 7.4.1).
      void revoker.revoke(tokens, 0);
      return { kind: 'ended' };
    }
    const newer = await sessions.load(session.key);
    return newer ? { kind: 'refreshed', session: newer } : { kind: 'ended' };
  }

  async function refresh(session: ActiveSession): Promise<RefreshResult> {
    const unsavedTokens = unsaved.get(session);
    if (unsavedTokens) return await store(session, unsavedTokens);
    let tokens: TokenRecord;
    try {
      tokens = await requestTokens(session);
    } catch (error) {
      return await handleFailure(session, error);
    }
    backoff.recordSuccess(session.key);
    audit('token.refreshed', { session: session.key, sub: session.data.sub, provider: config.id });
    return await store(session, tokens);
  }

  return { refresh, close: () => unsaved.close() };
}

/** Creates the function that ends the session after a final failure, and throws a 503 error after any other. */
function createFailureHandler(options: RefreshGrantOptions) {
  const { config, provider, sessions, backoff, log, audit, sessionHooks } = options;

  async function endSession({ key, data }: ActiveSession, reason: string): Promise<RefreshResult> {
    const ended = await sessions.end(key);
    audit('session.ended', { session: key, sub: data.sub, reason });
    sessionHooks.ended(ended, reason);
    return { kind: 'ended' };
  }

  return async function handleFailure(session: ActiveSession, error: unknown): Promise<RefreshResult> {
    const { key, data, version } = session;
    const failure = classifyFailure(error);
    const reason = failure.kind === 'refused' ? failure.error : failure.kind;
    log.warn(
      { err: describeError(error), session: shortKey(key), reason },
      'failed to refresh the tokens of a session',
    );
    audit('token.refresh_failed', { session: key, sub: data.sub, provider: config.id, reason });
    if (failure.kind === 'invalid') return await endSession(session, 'refresh_invalid');
    if (failure.kind === 'refused' && provider.product.fatalRefreshErrors.includes(failure.error)) {
      // A replica whose lease expired may have used the refresh token first and stored newer tokens.
      const current = await sessions.load(key);
      if (current && current.version !== version) return { kind: 'refreshed', session: current };
      return await endSession(session, failure.error);
    }
    if (failure.kind === 'outage') backoff.recordOutage((failure.retryAfter ?? 0) * 1000);
    else backoff.recordRefusal(key);
    throw new GatewayError('provider_unavailable', {
      cause: error,
      detail: 'the access token could not be refreshed',
      retryAfter: Math.ceil(backoff.delayFor(key) / 1000) || 1,
    });
  };
}
