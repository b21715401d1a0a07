/** Revokes the tokens of a session that ended: refresh token first, then access token, again later if need be. */
import * as oidc from 'openid-client';
import type { Audit } from '../observe/audit.ts';
import { describeError, type Logger } from '../observe/log.ts';
import type { TokenRecord } from '../session/sessions.ts';
import { classifyFailure } from './failures.ts';
import type { Provider } from './provider.ts';

/** `unreachable`: no connection to the provider could be made, so sending a browser there is pointless. */
export type Revocation = 'revoked' | 'pending' | 'unreachable' | 'unsupported';

export interface Revoker {
  /** Revokes; resolves after `wait` milliseconds at the latest and goes on by itself. Never rejects. */
  revoke(tokens: Pick<TokenRecord, 'accessToken' | 'refreshToken'>, wait: number): Promise<Revocation>;
  /** Gives up what is still to be revoked. */
  stop(): void;
}

type Hint = 'refresh_token' | 'access_token';

/** Later attempts: by then most outages are over, or the access token has lapsed by itself. */
const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
const MAX_WAITING = 10_000;

// What fetch reports when nothing listens or no route leads there, as opposed to a server that answers badly or late.
const NO_CONNECTION = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

function isUnreachable(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && NO_CONNECTION.has(cause.code)) return true;
    if (cause instanceof AggregateError && cause.errors.some(isUnreachable)) return true;
  }
  return false;
}

export interface RevokerOptions {
  provider: Provider;
  log: Logger;
  audit: Audit;
  /** Milliseconds before each further attempt; when they are used up, the token is left to lapse. */
  retryAfter?: readonly number[];
}

export function createRevoker({ provider, log, audit, retryAfter = RETRY_AFTER_MS }: RevokerOptions): Revoker {
  const waiting = new Set<NodeJS.Timeout>();
  let told = false;

  /** Once is enough: it is so for every session. */
  function tellUnsupported(): void {
    if (!told)
      log.warn('the provider offers no revocation: the tokens of a session that ended stay valid until they lapse');
    told = true;
  }

  async function attempt(token: string, hint: Hint): Promise<Revocation> {
    try {
      const client = await provider.client();
      if (!client.serverMetadata().revocation_endpoint) {
        tellUnsupported();
        return 'unsupported';
      }
      await oidc.tokenRevocation(client, token, { token_type_hint: hint });
      audit('token.revoked', { reason: hint });
      return 'revoked';
    } catch (error) {
      const failure = classifyFailure(error);
      log.warn({ err: describeError(error), hint }, 'a token could not be revoked');
      audit('token.revocation_failed', { reason: hint });
      if (failure.kind !== 'outage') return 'unsupported';
      return isUnreachable(error) ? 'unreachable' : 'pending';
    }
  }

  function retryLater(token: string, hint: Hint, round: number): void {
    const delay = retryAfter[round];
    if (delay === undefined || waiting.size >= MAX_WAITING) return;
    const timer = setTimeout(() => {
      waiting.delete(timer);
      void attempt(token, hint).then((outcome) => {
        if (outcome === 'pending' || outcome === 'unreachable') retryLater(token, hint, round + 1);
      });
    }, delay).unref();
    waiting.add(timer);
  }

  async function revokeBoth({
    accessToken,
    refreshToken,
  }: Pick<TokenRecord, 'accessToken' | 'refreshToken'>): Promise<Revocation> {
    const steps: [string, Hint][] = [
      ...(refreshToken === undefined ? [] : [[refreshToken, 'refresh_token'] as [string, Hint]]),
      [accessToken, 'access_token'],
    ];
    let worst: Revocation = 'revoked';
    for (const [token, hint] of steps) {
      const outcome = await attempt(token, hint);
      if (outcome === 'pending' || outcome === 'unreachable') retryLater(token, hint, 0);
      if (outcome !== 'revoked') worst = outcome;
    }
    return worst;
  }

  return {
    async revoke(tokens, wait) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<Revocation>((resolve) => {
        timer = setTimeout(() => resolve('pending'), wait);
      });
      return await Promise.race([revokeBoth(tokens), late]).finally(() => clearTimeout(timer));
    },
    stop() {
      for (const timer of waiting) clearTimeout(timer);
      waiting.clear();
    },
  };
}
