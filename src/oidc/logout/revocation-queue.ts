/** What is still to be revoked, kept sealed in the store until it is done or the token has lapsed by itself. */
import { digest } from '../../crypto/digest.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import { describeError, type Logger } from '../../observe/log.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';

export type TokenTypeHint = 'refresh_token' | 'access_token';

/** One token to revoke. */
export interface PendingRevocation {
  readonly id: string;
  readonly token: string;
  readonly hint: TokenTypeHint;
  /** Attempts so far. */
  readonly round: number;
  /** When there is nothing left to revoke, milliseconds since the epoch. */
  readonly expiresAt: number;
}

export interface RevocationQueue {
  /** Writes the tokens of a session down, the refresh token first. Never rejects. */
  add(tokens: Pick<TokenRecord, 'accessToken' | 'refreshToken'> & Partial<TokenRecord>): Promise<PendingRevocation[]>;
  retryLater(due: PendingRevocation): Promise<void>;
  complete(due: PendingRevocation): Promise<void>;
  start(): void;
  stop(): void;
}

const RETRY_AFTER_MS = [2_000, 10_000, 30_000, 120_000, 600_000];
const INTERVAL_MS = 2_000;
/** Whoever has taken a job keeps others away from it for so long. */
const HOLD_MS = 30_000;
const MOST_AT_ONCE = 20;
/** Nobody says how long a refresh token lives; after a day most are gone, and the session they belonged to is long over. */
const REFRESH_TOKEN_MS = 86_400_000;
const ACCESS_TOKEN_MS = 3_600_000;

export interface RevocationQueueOptions {
  store: Pick<Store, 'jobs'>;
  keyring: Keyring;
  log: Logger;
  clock: () => number;
  retryAfter?: readonly number[];
  interval?: number;
}

/** Builds the queue; `retry` is called with each job that is due. */
export function createRevocationQueue(
  { store, keyring, log, clock, retryAfter = RETRY_AFTER_MS, interval = INTERVAL_MS }: RevocationQueueOptions,
  retry: (due: PendingRevocation) => Promise<unknown>,
): RevocationQueue {
  let timer: NodeJS.Timeout | undefined;
  let working = false;

  /** The store may be out; then the attempt that is under way is the only one, and the log says so. */
  async function quietly(work: Promise<void>): Promise<void> {
    await work.catch((error: unknown) =>
      log.warn({ err: describeError(error) }, 'what is to be revoked could not be written down'),
    );
  }

  const put = ({ id, ...rest }: PendingRevocation, dueAt: number) =>
    quietly(store.jobs.put(id, keyring.seal('job', id, JSON.stringify(rest)), dueAt, rest.expiresAt));

  function open({ id, sealed }: { id: string; sealed: string }): PendingRevocation | undefined {
    const text = keyring.open('job', id, sealed);
    return text === undefined ? undefined : { id, ...(JSON.parse(text) as Omit<PendingRevocation, 'id'>) };
  }

  async function work(): Promise<void> {
    const now = clock();
    for (const job of await store.jobs.take(now, now + HOLD_MS, MOST_AT_ONCE)) {
      const due = open(job);
      // Sealed by a key that is no longer listed: nobody can read it any more.
      if (due) await retry(due);
      else await store.jobs.done(job.id);
    }
  }

  function look(): void {
    if (working) return;
    working = true;
    // A store that is out has said so in the log already.
    work()
      .catch(() => undefined)
      .finally(() => {
        working = false;
      });
  }

  return {
    async add({ refreshToken, accessToken, accessTokenExpiresAt }) {
      const now = clock();
      const entry = (token: string, hint: TokenTypeHint, expiresAt: number): PendingRevocation => ({
        id: digest(`revoke ${token}`),
        token,
        hint,
        round: 0,
        expiresAt,
      });
      const due = [
        ...(refreshToken === undefined ? [] : [entry(refreshToken, 'refresh_token', now + REFRESH_TOKEN_MS)]),
        entry(accessToken, 'access_token', accessTokenExpiresAt ?? now + ACCESS_TOKEN_MS),
      ];
      await Promise.all(due.map((one) => put(one, now + HOLD_MS)));
      return due;
    },
    async retryLater(due) {
      const pause = retryAfter[Math.min(due.round, retryAfter.length - 1)] ?? INTERVAL_MS;
      await put({ ...due, round: due.round + 1 }, clock() + pause);
    },
    complete: ({ id }) => quietly(store.jobs.done(id)),
    start() {
      timer ??= setInterval(look, interval).unref();
    },
    stop: () => clearInterval(timer),
  };
}
