/** Revocation queue: pending token revocations, sealed in the store until they succeed or the token has expired. */
import { taggedName } from '../../base/tagged-name.ts';
import { digest } from '../../crypto/digest.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import type { SealedJob, Store } from '../../store/port/store.ts';
import { stringOf } from '../products/base/claims.ts';
import { storedClaims } from '../provider/id-token.ts';
import { createRevocationPoller, HOLD_MS, POLL_INTERVAL_MS, type RevocationPoller } from './revocation-poller.ts';
import type { SignIn } from './sign-in-use.ts';

export type TokenTypeHint = 'refresh_token' | 'access_token';

/** The tokens of a session that are revoked when it ends. */
export type RevocableTokens = Pick<TokenRecord, 'accessToken' | 'refreshToken'> & Partial<TokenRecord>;

/** One token to revoke. */
export interface PendingRevocation {
  /** Digest of the token, after the tag of the app. */
  readonly id: string;
  readonly token: string;
  /** Id of the provider that issued the token; missing for the one with the id `default`. */
  readonly provider?: string;
  /** Its issuer: another one may have the id by the time of the revocation. Missing without a readable ID token. */
  readonly issuer?: string;
  readonly hint: TokenTypeHint;
  /** Failed attempts so far. */
  readonly round: number;
  /** When the token has expired and need not be revoked, milliseconds since the epoch. */
  readonly expiresAt: number;
  /** A sign-in at the provider: while a live session uses it, the token is not revoked. */
  readonly unlessUsed?: SignIn;
}

export interface RevocationQueue {
  /** Persists the tokens of a session as jobs, the refresh token first. Never rejects. */
  add(tokens: RevocableTokens): Promise<PendingRevocation[]>;
  /**
   * Persists the tokens of a session as jobs that are due now. Never rejects. With `unlessUsed` they are not revoked while a live
   * session uses that sign-in.
   */
  enqueue(tokens: RevocableTokens, unlessUsed?: SignIn): Promise<void>;
  /** Schedules the next attempt. */
  retryLater(job: PendingRevocation): Promise<void>;
  /** Removes a job that succeeded or cannot succeed. */
  complete(job: PendingRevocation): Promise<void>;
  /** Starts polling for due jobs, including those of other replicas and earlier processes. */
  start(): void;
  stop(): void;
}

const RETRY_DELAYS_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
/** The lifetime of a refresh token is unknown; after a day most have expired. */
const REFRESH_TOKEN_LIFETIME_MS = 86_400_000;
const ACCESS_TOKEN_LIFETIME_MS = 3_600_000;

export interface RevocationQueueOptions {
  /** Tag of the app; empty for `main`, by default. */
  tag?: string;
  /** The poller of the process; one of this queue alone by default. */
  poller?: RevocationPoller | undefined;
  store: Pick<Store, 'jobs'>;
  keyring: Keyring;
  log: Logger;
  clock: () => number;
  /** Milliseconds before each further attempt; the last value repeats until the token has expired. */
  retryDelays?: readonly number[];
  /** Milliseconds between two polls for due jobs, if the queue has a poller of its own. */
  pollInterval?: number;
}

/** Creates the queue. `attempt` is called with each job that is due; it returns whether the provider responded. */
export function createRevocationQueue(
  options: RevocationQueueOptions,
  attempt: (job: PendingRevocation) => Promise<boolean>,
): RevocationQueue {
  const { tag = '', clock, retryDelays = RETRY_DELAYS_MS } = options;
  const poller = options.poller ?? createRevocationPoller(options);
  const jobs = createSealedJobs(options);
  let leave: (() => void) | undefined;

  function run(sealedJob: SealedJob): Promise<boolean> | undefined {
    const job = jobs.open(sealedJob);
    return job && attempt(job);
  }

  return {
    async add(tokens) {
      const now = clock();
      const pending = pendingRevocations(tag, tokens, now);
      await Promise.all(pending.map((job) => jobs.put(job, now + HOLD_MS)));
      return pending;
    },
    async enqueue(tokens, unlessUsed) {
      const now = clock();
      const condition = unlessUsed === undefined ? {} : { unlessUsed };
      await Promise.all(pendingRevocations(tag, tokens, now).map((job) => jobs.put({ ...job, ...condition }, now)));
      poller.poll();
    },
    async retryLater(job) {
      const delay = retryDelays[Math.min(job.round, retryDelays.length - 1)] ?? POLL_INTERVAL_MS;
      await jobs.put({ ...job, round: job.round + 1 }, clock() + delay);
    },
    complete: ({ id }) => jobs.remove(id),
    start() {
      leave ??= poller.register(tag, run);
    },
    stop() {
      leave?.();
      leave = undefined;
    },
  };
}

/** The issuer of an ID token; undefined without a readable one. */
function issuerOf(idToken: string | undefined): string | undefined {
  try {
    return idToken === undefined ? undefined : stringOf(storedClaims(idToken).iss);
  } catch {
    return undefined;
  }
}

/** Returns the revocations of the tokens of a session, the refresh token first. */
function pendingRevocations(
  tag: string,
  { provider, idToken, refreshToken, accessToken, accessTokenExpiresAt }: RevocableTokens,
  now: number,
): PendingRevocation[] {
  const issuer = issuerOf(idToken);
  const revocationOf = (token: string, hint: TokenTypeHint, expiresAt: number): PendingRevocation => ({
    id: taggedName(tag, digest(`revoke ${token}`)),
    token,
    ...(provider === undefined ? {} : { provider }),
    ...(issuer === undefined ? {} : { issuer }),
    hint,
    round: 0,
    expiresAt,
  });
  return [
    ...(refreshToken === undefined
      ? []
      : [revocationOf(refreshToken, 'refresh_token', now + REFRESH_TOKEN_LIFETIME_MS)]),
    revocationOf(accessToken, 'access_token', accessTokenExpiresAt ?? now + ACCESS_TOKEN_LIFETIME_MS),
  ];
}

/** Jobs of the store with sealed content. Writes never reject: while the store is unavailable, failures are logged. */
function createSealedJobs({ store, keyring, log }: RevocationQueueOptions) {
  const logFailure = (message: string) => (error: unknown) => log.warn({ err: describeError(error) }, message);
  return {
    async put({ id, ...content }: PendingRevocation, dueAt: number): Promise<void> {
      const sealed = keyring.seal('job', id, JSON.stringify(content));
      await store.jobs
        .put(id, sealed, dueAt, content.expiresAt)
        .catch(logFailure('failed to persist revocation job; a failed revocation will not be retried'));
    },
    async remove(id: string): Promise<void> {
      await store.jobs.done(id).catch(logFailure('failed to remove revocation job; the revocation will be repeated'));
    },
    /** Returns the content of a job; undefined if it is another gateway's, or was sealed with a key that is no longer listed. */
    open({ id, sealed }: SealedJob): PendingRevocation | undefined {
      const text = keyring.open('job', id, sealed);
      return text === undefined ? undefined : { id, ...(JSON.parse(text) as Omit<PendingRevocation, 'id'>) };
    },
  };
}
