/** Expired sessions: revokes the tokens of sessions that expired instead of being ended, and records their end. */
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Keyring } from '../../crypto/keyring.ts';
import type { Audit } from '../../observe/audit.ts';
import { createIndexNames } from '../../session/index-names.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import { stringOf } from '../products/base/claims.ts';
import { storedClaims } from '../provider/id-token.ts';
import type { Revoker } from './revoker.ts';
import type { IsSignInUsed, SignIn } from './sign-in-use.ts';

export interface ExpiredSessionsOptions {
  store: Pick<Store, 'expired' | 'index' | 'acquireLease' | 'renewLease' | 'releaseLease'>;
  keyring: Keyring;
  isSignInUsed: IsSignInUsed;
  revoker: Pick<Revoker, 'enqueue'>;
  audit: Audit;
}

const INTERVAL_MS = 5_000;
const BATCH_SIZE = 25;
/** One process at a time does the work; another one continues after this time if it dies. */
const LEASE = 'expired-sessions';
const LEASE_MS = 15_000;

/** The user and the session at the provider that the tokens of a session are for. */
function signInOf({ idToken }: TokenRecord): SignIn {
  const { iss, sub, sid } = storedClaims(idToken);
  const session = stringOf(sid);
  return { issuer: stringOf(iss) ?? '', sub: stringOf(sub) ?? '', ...(session === undefined ? {} : { sid: session }) };
}

/** Creates the work; `start` repeats it at an interval. */
export function createExpiredSessions({ store, keyring, isSignInUsed, revoker, audit }: ExpiredSessionsOptions) {
  const owner = randomUUID();
  const { allNames } = createIndexNames(keyring);
  let timer: NodeJS.Timeout | undefined;
  let running = false;

  async function endExpired(key: string, sealed: string): Promise<void> {
    const text = keyring.open('tokens', key, sealed);
    // Sealed with a key that is no longer listed, so the tokens can never be read.
    if (text === undefined) return;
    const tokens = JSON.parse(text) as TokenRecord;
    const signIn = signInOf(tokens);
    audit('session.ended', { session: key, sub: signIn.sub, reason: 'expired' });
    if (!(await isSignInUsed(signIn))) await revoker.enqueue(tokens, signIn);
    await Promise.all(allNames(signIn).map((name) => store.index.remove(name, [key])));
  }

  /** Ends the next expired sessions. Resolves with whether there may be more. */
  async function endBatch(): Promise<boolean> {
    const { sessions, more } = await store.expired.list(BATCH_SIZE);
    for (const { key, tokens } of sessions) await endExpired(key, tokens);
    if (sessions.length > 0) await store.expired.remove(sessions.map(({ key }) => key));
    return more && (await store.renewLease(LEASE, owner, LEASE_MS));
  }

  async function run(): Promise<void> {
    if (!(await store.acquireLease(LEASE, owner, LEASE_MS)) && !(await store.renewLease(LEASE, owner, LEASE_MS)))
      return;
    try {
      while (timer !== undefined && (await endBatch())) await nextTurn();
    } finally {
      await store.releaseLease(LEASE, owner);
    }
  }

  return {
    start(): void {
      timer ??= setInterval(() => {
        if (running) return;
        running = true;
        // It fails only if the store is unavailable, and the store logs its own outage.
        run()
          .catch(() => undefined)
          .finally(() => {
            running = false;
          });
      }, INTERVAL_MS).unref();
    },
    stop(): void {
      clearInterval(timer);
      timer = undefined;
    },
  };
}
