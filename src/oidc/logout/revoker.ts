/** Revokes the tokens of a session that ended: refresh token first, then access token, again later if need be, over restarts. */
import * as oidc from 'openid-client';
import type { Keyring } from '../../crypto/keyring.ts';
import type { Audit } from '../../observe/audit.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';
import { createRevocationQueue, type PendingRevocation, type TokenTypeHint } from './revocation-queue.ts';

/** `unreachable`: no connection to the provider could be made, so sending a browser there is pointless. */
export type RevocationOutcome = 'revoked' | 'pending' | 'unreachable' | 'unsupported';

export type RevocableTokens = Pick<TokenRecord, 'accessToken' | 'refreshToken'> & Partial<TokenRecord>;

export interface Revoker {
  /** Revokes; resolves after `wait` milliseconds at the latest and goes on by itself. Never rejects. */
  revoke(tokens: RevocableTokens, wait: number): Promise<RevocationOutcome>;
  /** Begins with what others have left to do. */
  start(): void;
  /** Leaves what is still to be done to the next one who starts. */
  stop(): void;
}

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
  store: Pick<Store, 'jobs'>;
  keyring: Keyring;
  log: Logger;
  audit: Audit;
  clock: () => number;
  /** Milliseconds before each further attempt; the last one goes on until the token has lapsed. */
  retryAfter?: readonly number[];
  /** Milliseconds between two looks at what is due. */
  interval?: number;
}

/** Builds it. What is to be revoked is written down first, so that it is done even if this process ends now. */
export function createRevoker(options: RevokerOptions): Revoker {
  const { provider, log, audit } = options;
  const queue = createRevocationQueue(options, retry);
  let told = false;

  /** Once is enough: it is so for every session. */
  function tellUnsupported(): void {
    if (!told)
      log.warn('the provider offers no revocation: the tokens of a session that ended stay valid until they lapse');
    told = true;
  }

  async function attempt(token: string, hint: TokenTypeHint): Promise<RevocationOutcome> {
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

  /** One attempt, and what it means for the queue. */
  async function retry(due: PendingRevocation): Promise<RevocationOutcome> {
    const outcome = await attempt(due.token, due.hint);
    if (outcome === 'pending' || outcome === 'unreachable') await queue.retryLater(due);
    else await queue.complete(due);
    return outcome;
  }

  async function revokeBoth(tokens: RevocableTokens): Promise<RevocationOutcome> {
    const due = await queue.add(tokens);
    let worst: RevocationOutcome = 'revoked';
    for (const one of due) {
      const outcome = await retry(one);
      if (outcome !== 'revoked') worst = outcome;
    }
    return worst;
  }

  return {
    async revoke(tokens, wait) {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<RevocationOutcome>((resolve) => {
        timer = setTimeout(() => resolve('pending'), wait);
      });
      return await Promise.race([revokeBoth(tokens), late]).finally(() => clearTimeout(timer));
    },
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
}
