/** Tells whether a sign-in at the provider is still used by a live session. */
import type { SessionBatches, SessionDirectory } from '../../session/session-directory.ts';

/** A sign-in at the provider: of a user, and its session there if the provider names it. */
export interface SignIn {
  readonly issuer: string;
  readonly sub: string;
  readonly sid?: string;
}

/**
 * Resolves with whether a live session uses the sign-in. A provider may end the whole sign-in with one of its refresh tokens, so
 * the tokens of a user who has signed in again are not revoked. Without `sid`, any session of the user counts. Rejects if the store
 * is unavailable.
 */
export type IsSignInUsed = (signIn: SignIn) => Promise<boolean>;

async function hasAny(batches: SessionBatches): Promise<boolean> {
  for await (const batch of batches) if (batch.length > 0) return true;
  return false;
}

export function createSignInUse(directory: Pick<SessionDirectory, 'ofUser' | 'ofProviderSession'>): IsSignInUsed {
  return ({ issuer, sub, sid }) =>
    hasAny(sid === undefined ? directory.ofUser(issuer, sub) : directory.ofProviderSession(issuer, sid));
}
