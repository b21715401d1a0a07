/** The contract of a refresh: a session goes in, a session with a usable access token comes out. */
import type { RequestSession } from '../../session/session-types.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';

/**
 * `active`: the tokens were good enough as they are. `refreshed`: they were renewed, here or by another process.
 * `ended`: the provider said `invalid_grant`, or the session ended meanwhile; the caller answers 401.
 */
export type RefreshResult = { kind: 'active' | 'refreshed'; session: RequestSession } | { kind: 'ended' };

/** At once where nothing is due. Rejects with a 503 `GatewayError` when provider or store are out and the access token has lapsed. */
export type EnsureUsableToken = (session: RequestSession) => MaybePromise<RefreshResult>;

/**
 * For an access token that its API refused although it has not lapsed: `active` when there is no better one, be it that it
 * was renewed a moment ago, cannot be renewed, or that the provider is out. Never rejects.
 */
export type ForceRefresh = (session: RequestSession) => Promise<RefreshResult>;
