/** One refresh at the token endpoint, and what its outcome means for the session. */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import { securityOf } from '../../config/schema/provider-security.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import type { Audit } from '../../observe/audit.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { ActiveSession, Sessions, TokenRecord } from '../../session/session-types.ts';
import { dpopKeyFromScalar, generateDpopScalar } from '../dpop/key.ts';
import { checkBinding } from '../dpop/token-binding.ts';
import type { Revoker } from '../logout/revoker.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';
import { toTokenRecord } from '../tokens/token-response.ts';
import type { Backoff } from './backoff.ts';
import type { RefreshResult } from './refresh-result.ts';
import { createRefreshedIdTokenValidator } from './refreshed-id-token.ts';
import { createUnsavedTokens } from './unsaved-tokens.ts';

export interface RefreshGrantOptions {
  config: ProviderConfig;
  provider: Provider;
  sessions: Sessions;
  checkSessionToken: CheckAccessToken;
  revoker: Revoker;
  backoff: Backoff;
  log: Logger;
  audit: Audit;
  clock: () => number;
}

/** Judged here: openid-client would throw new tokens away over times or a key set, with the old ones spent. */
const JUDGED_HERE = { tolerance: 100 * 365 * 86_400_000, signatures: 'left to the caller' } as const;

export interface RefreshGrant {
  /** Refreshes the tokens of a session; the caller holds its lease. */
  refresh(session: ActiveSession): Promise<RefreshResult>;
  /** Stores what could not be stored so far, if that is possible now. */
  close(): Promise<void>;
}

export function createRefreshGrant(options: RefreshGrantOptions): RefreshGrant {
  const { config, provider, sessions, checkSessionToken, revoker, backoff, log, audit, clock } = options;
  const unsaved = createUnsavedTokens({ save: store, log });
  const judgeRefreshed = createRefreshedIdTokenValidator({ config, provider, log });
  const { bound } = securityOf(config);
  const certificate = bound === 'certificate' ? provider.certificate?.thumbprint : undefined;
  // RFC 6749 section 6: left out, it means what was granted before; not so everywhere.
  const scopeParams: Record<string, string> =
    (config.scopeOnRefresh ?? provider.product.scopeOnRefresh) ? { scope: config.scopes.join(' ') } : {};

  async function ask({ data, tokens }: ActiveSession): Promise<TokenRecord> {
    const client = await provider.client(undefined, JUDGED_HERE);
    const { refreshToken = '' } = tokens;
    const dpopKey = keyFor(tokens);
    const proof = await provider.dpopOptions(client, dpopKey.dpopKey);
    const response = await oidc.refreshTokenGrant(client, refreshToken, scopeParams, proof);
    const now = clock();
    const renewed = toTokenRecord(
      response,
      { now, defaultLifetime: config.defaultTokenLifetime },
      { ...tokens, ...dpopKey },
    );
    try {
      checkBinding(response, { dpopKey: renewed.dpopKey, certificate });
      const claims = response.claims();
      const shown = claims && !(await judgeRefreshed(claims, renewed, data)) ? { idToken: tokens.idToken } : {};
      return await verified({ ...renewed, ...shown });
    } catch (error) {
      // Nobody is going to use them: another user's, bound to another key, or refused by the API's own rules.
      void revoker.revoke(renewed, 0);
      throw error;
    }
  }

  /** The key of the session. One from before keys were asked for gets its own now: its refresh token is bound to none (RFC 9449 section 5). */
  function keyFor({ dpopKey }: TokenRecord): Pick<TokenRecord, 'dpopKey'> {
    if (dpopKey === undefined && bound === 'key') return { dpopKey: dpopKeyFromScalar(generateDpopScalar()) };
    return dpopKey === undefined ? {} : { dpopKey };
  }

  /**
   * The mark of a checked token. When nobody can be asked, the tokens are kept without it, since the old ones are spent;
   * the next call that needs to know then checks.
   */
  async function verified(tokens: TokenRecord): Promise<TokenRecord> {
    try {
      const mark = await checkSessionToken(tokens.accessToken);
      return mark === undefined ? tokens : { ...tokens, verified: mark };
    } catch (error) {
      if (classifyFailure(error).kind === 'outage') return tokens;
      throw error;
    }
  }

  async function end({ key, data }: ActiveSession, reason: string): Promise<RefreshResult> {
    await sessions.end(key);
    audit('session.ended', { session: key, sub: data.sub, reason });
    return { kind: 'ended' };
  }

  /** What is left after a failed refresh: the session ends, or the call is answered 503 and the session stays. */
  async function failed(session: ActiveSession, error: unknown): Promise<RefreshResult> {
    const failure = classifyFailure(error);
    log.warn({ err: describeError(error), session: session.key.slice(0, 12) }, 'a token could not be renewed');
    audit('token.refresh_failed', {
      session: session.key,
      sub: session.data.sub,
      reason: failure.kind === 'refused' ? failure.error : failure.kind,
    });
    if (failure.kind === 'invalid') return await end(session, 'refresh_invalid');
    if (failure.kind === 'refused' && provider.product.fatalRefreshErrors.includes(failure.error)) {
      // Somebody whose lease had lapsed may have used the token before us and stored a newer one.
      const now = await sessions.load(session.key);
      if (now && now.version !== session.version) return { kind: 'refreshed', session: now };
      return await end(session, failure.error);
    }
    if (failure.kind === 'refused') backoff.recordRefusal(session.key);
    else backoff.recordOutage();
    throw new GatewayError('provider_unavailable', {
      cause: error,
      detail: 'the access token could not be renewed',
      retryAfter: Math.ceil(backoff.delayFor(session.key) / 1000) || 1,
    });
  }

  /** Stores what a refresh brought before anything uses it (RFC 9700 4.14.2). */
  async function store(session: ActiveSession, tokens: TokenRecord): Promise<RefreshResult> {
    const outcome = await sessions.replaceTokens(session, tokens).catch((error: unknown) => {
      unsaved.add(session, tokens);
      throw error;
    });
    unsaved.remove(session.key);
    if (outcome === 'replaced')
      return { kind: 'refreshed', session: { ...session, tokens, version: session.version + 1 } };
    if (outcome === 'gone') {
      // Signed out meanwhile: what was just issued must not outlive the session (ASVS 7.4.1).
      void revoker.revoke(tokens, 0);
      return { kind: 'ended' };
    }
    const newer = await sessions.load(session.key);
    return newer ? { kind: 'refreshed', session: newer } : { kind: 'ended' };
  }

  async function renew(session: ActiveSession): Promise<RefreshResult> {
    const kept = unsaved.get(session);
    if (kept) return await store(session, kept);
    let renewed: TokenRecord;
    try {
      renewed = await ask(session);
    } catch (error) {
      return await failed(session, error);
    }
    backoff.recordSuccess(session.key);
    audit('token.refreshed', { session: session.key, sub: session.data.sub });
    return await store(session, renewed);
  }

  return { refresh: renew, close: () => unsaved.close() };
}
