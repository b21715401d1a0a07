/** Tells hooks about sessions: `onTokens` when tokens were stored, `onLogout` when a session has ended. */
import { shortKey } from '../base/tagged-name.ts';
import type { TokensEvent } from '../hooks/events.ts';
import type { AppHooks } from '../hooks/hook-runner.ts';
import { providerIdOf, type SessionData, type TokenRecord } from './session-types.ts';

/** What hooks get of a session. */
export interface HookedSession {
  readonly key: string;
  readonly data: Pick<SessionData, 'sub' | 'custom'>;
  readonly tokens: Pick<TokenRecord, 'provider'>;
}

export interface SessionHooks {
  /** `reason` is that of the audit event. Undefined for a session that had ended before. */
  ended(session: HookedSession | undefined, reason: string): void;
  tokensStored(session: HookedSession & { readonly tokens: TokenRecord }, reason: TokensEvent['reason']): void;
}

/** The members of the events of a session. */
export const sessionOfEvent = (app: string, { key, data, tokens }: HookedSession) => ({
  app,
  provider: providerIdOf(tokens),
  sub: data.sub,
  session: shortKey(key),
  data: structuredClone(data.custom ?? {}),
});

/** Creates the functions of an app; without such hooks they do nothing. */
export function createSessionHooks(app: string, { tokens, logout }: Pick<AppHooks, 'tokens' | 'logout'>): SessionHooks {
  return {
    ended(session, reason) {
      if (logout && session) logout({ ...sessionOfEvent(app, session), reason });
    },
    tokensStored(session, reason) {
      const { accessToken, accessTokenExpiresAt: expiresAt, scope } = session.tokens;
      tokens?.({ ...sessionOfEvent(app, session), reason, accessToken, expiresAt, scope });
    },
  };
}
