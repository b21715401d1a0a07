/** Expired sessions of an app: revokes the tokens of sessions that expired instead of being ended, and records their end. */
import type { Keyring } from '../../crypto/keyring.ts';
import type { Audit } from '../../observe/audit.ts';
import { createIndexNames } from '../../session/index-names.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { TokenRecord } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import { stringOf } from '../products/base/claims.ts';
import { storedClaims } from '../provider/id-token.ts';
import type { EndExpired, ExpiredSessionWork } from './expired-session-work.ts';
import type { Revoker } from './revoker.ts';
import type { IsSignInUsed, SignIn } from './sign-in-use.ts';

export interface ExpiredSessionsOptions {
  /** Tag of the app. */
  tag: string;
  /** The work of the process. */
  work: ExpiredSessionWork;
  store: Pick<Store, 'index'>;
  keyring: Keyring;
  isSignInUsed: IsSignInUsed;
  revoker: Pick<Revoker, 'enqueue'>;
  audit: Audit;
  sessionHooks: Pick<SessionHooks, 'ended'>;
}

/** The user and the session at the provider that the tokens of a session are for. */
function signInOf({ idToken }: TokenRecord): SignIn {
  const { iss, sub, sid } = storedClaims(idToken);
  const session = stringOf(sid);
  return { issuer: stringOf(iss) ?? '', sub: stringOf(sub) ?? '', ...(session === undefined ? {} : { sid: session }) };
}

/** Creates the part of one app; it takes part in the work from `start` to `stop`. */
export function createExpiredSessions(options: ExpiredSessionsOptions) {
  const { tag, work, store, keyring, isSignInUsed, revoker, audit, sessionHooks } = options;
  const { allNames } = createIndexNames(keyring);
  let leave: (() => void) | undefined;

  const endExpired: EndExpired = async (key, sealed) => {
    const text = keyring.open('tokens', key, sealed);
    if (text === undefined) return false;
    const tokens = JSON.parse(text) as TokenRecord;
    const signIn = signInOf(tokens);
    audit('session.ended', { session: key, sub: signIn.sub, reason: 'expired' });
    // The session itself has expired, and the data of `onLogin` with it.
    sessionHooks.ended({ key, data: signIn, tokens }, 'expired');
    if (!(await isSignInUsed(signIn))) await revoker.enqueue(tokens, signIn);
    await Promise.all(allNames(signIn).map((name) => store.index.remove(name, [key])));
    return true;
  };

  return {
    start(): void {
      leave ??= work.register(tag, endExpired);
    },
    stop(): void {
      leave?.();
      leave = undefined;
    },
  };
}
