/** Revoker: revokes the tokens of an ended session at the provider, with retries that survive restarts. */
import * as oidc from 'openid-client';
import type { Audit } from '../../observe/audit.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import { providerIdOf } from '../../session/session-types.ts';
import { tracedWork, type WorkTracer } from '../../tracing/traced.ts';
import { classifyFailure } from '../provider/failures.ts';
import type { Provider } from '../provider/provider.ts';
import {
  createRevocationQueue,
  type PendingRevocation,
  type RevocableTokens,
  type RevocationQueue,
  type RevocationQueueOptions,
} from './revocation-queue.ts';
import type { IsSignInUsed } from './sign-in-use.ts';

/** `unreachable`: no connection to the provider could be established, so sending a browser there is pointless. */
export type RevocationOutcome = 'revoked' | 'pending' | 'unreachable' | 'unsupported';

export interface Revoker {
  /**
   * Revokes the refresh token, then the access token. Resolves after `wait` milliseconds at the latest and continues in
   * the background. Never rejects.
   */
  revoke(tokens: RevocableTokens, wait: number): Promise<RevocationOutcome>;
  /** Persists the tokens to be revoked in the background, a few at a time. Resolves when they are persisted. Never rejects. */
  enqueue: RevocationQueue['enqueue'];
  /** Starts with the jobs that other replicas and earlier processes left. */
  start(): void;
  /** Stops; remaining jobs stay in the store for the next process that starts. */
  stop(): void;
}

export interface RevokerOptions extends RevocationQueueOptions {
  /** Returns the provider with an id and an issuer, if that is known; undefined if it is not configured here. */
  providerOf: (id: string, issuer: string | undefined) => Provider | undefined;
  isSignInUsed: IsSignInUsed;
  log: Logger;
  audit: Audit;
  tracing?: WorkTracer | undefined;
}

/** Creates the revoker. Revocations are persisted before the first attempt, so they survive a crash of this process. */
export function createRevoker(options: RevokerOptions): Revoker {
  const revokeAtProvider = createRevocationRequest(options);
  const queue = createRevocationQueue(options, async (job) => {
    const outcome = await attempt(job);
    return outcome !== 'pending' && outcome !== 'unreachable';
  });

  /** Hours may have passed since the job was persisted: the user may have signed in again. */
  const isNeeded = async ({ unlessUsed }: PendingRevocation) =>
    unlessUsed === undefined || !(await options.isSignInUsed(unlessUsed));

  async function attemptUntraced(job: PendingRevocation): Promise<RevocationOutcome> {
    const outcome = (await isNeeded(job)) ? await revokeAtProvider(job) : 'unsupported';
    if (outcome === 'pending' || outcome === 'unreachable') await queue.retryLater(job);
    else await queue.complete(job);
    return outcome;
  }

  /** In the trace of the request that ended the session; one that is repeated has a trace of its own. */
  function attempt(job: PendingRevocation): Promise<RevocationOutcome> {
    return tracedWork(options.tracing, 'revocation', { 'bff.revocation.token': job.hint }, async (span) => {
      const outcome = await attemptUntraced(job);
      span?.setAttribute('bff.revocation.outcome', outcome);
      return outcome;
    });
  }

  async function revokeAll(tokens: RevocableTokens): Promise<RevocationOutcome> {
    let combined: RevocationOutcome = 'revoked';
    for (const job of await queue.add(tokens)) {
      const outcome = await attempt(job);
      if (outcome !== 'revoked') combined = outcome;
    }
    return combined;
  }

  return {
    async revoke(tokens, wait) {
      let timer: NodeJS.Timeout | undefined;
      const timeout = new Promise<RevocationOutcome>((resolve) => {
        timer = setTimeout(() => resolve('pending'), wait);
      });
      return await Promise.race([revokeAll(tokens), timeout]).finally(() => clearTimeout(timer));
    },
    enqueue: queue.enqueue,
    start: () => queue.start(),
    stop: () => queue.stop(),
  };
}

/** Creates the function that sends one revocation request (RFC 7009). It never rejects. */
function createRevocationRequest({ providerOf, log, audit }: RevokerOptions) {
  const warned = new Set<string>();

  function warnOnce(provider: string, message: string): void {
    if (!warned.has(provider + message)) log.warn({ provider }, message);
    warned.add(provider + message);
  }

  return async function revokeAtProvider(job: PendingRevocation): Promise<RevocationOutcome> {
    const { token, hint } = job;
    const id = providerIdOf(job);
    const provider = providerOf(id, job.issuer);
    if (!provider) {
      // Another replica may know it, or a later configuration.
      warnOnce(
        id,
        'no provider has this id and issuer: the tokens of its sessions wait for revocation until they expire',
      );
      return 'pending';
    }
    try {
      const client = await provider.client();
      if (!client.serverMetadata().revocation_endpoint) {
        warnOnce(id, 'the provider offers no revocation: the tokens of ended sessions stay valid until they expire');
        return 'unsupported';
      }
      await oidc.tokenRevocation(client, token, { token_type_hint: hint });
      audit('token.revoked', { reason: hint });
      return 'revoked';
    } catch (error) {
      const failure = classifyFailure(error);
      const retried = failure.kind === 'outage' ? 'retrying' : 'the token stays valid until it expires';
      log.warn({ err: describeError(error), hint }, `failed to revoke a token; ${retried}`);
      audit('token.revocation_failed', { reason: hint });
      if (failure.kind !== 'outage') return 'unsupported';
      return isUnreachable(error) ? 'unreachable' : 'pending';
    }
  };
}

/** Errors of fetch if nothing listens at the address or no route leads there; a bad or late response is not one of them. */
const NO_CONNECTION = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);

function isUnreachable(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && NO_CONNECTION.has(cause.code)) return true;
    if (cause instanceof AggregateError && cause.errors.some(isUnreachable)) return true;
  }
  return false;
}
