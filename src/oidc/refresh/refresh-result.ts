/** Refresh types: the result of making sure that a session has a usable access token. */
import type { RequestSession } from '../../session/session-types.ts';
import type { MaybePromise } from '../../tuning/maybe-promise.ts';

/**
 * `active`: the current tokens are kept. `refreshed`: the tokens were refreshed, by this or by another process.
 * `ended`: the provider returned `invalid_grant`, or the session has ended; the caller responds 401.
 */
export type RefreshResult = { kind: 'active' | 'refreshed'; session: RequestSession } | { kind: 'ended' };

/**
 * Returns synchronously if no refresh is due. Rejects with a 503 `GatewayError` if the provider or the store is
 * unavailable and the access token has expired.
 */
export type EnsureUsableToken = (session: RequestSession) => MaybePromise<RefreshResult>;

/**
 * Refreshes an access token that its API refused although it has not expired. `active` means that there is no better
 * token: it was refreshed a moment ago, cannot be refreshed, or the provider is unavailable. Never rejects.
 */
export type ForceRefresh = (session: RequestSession) => Promise<RefreshResult>;

/**
 * Refreshes the tokens of a session for its front end. Never `active`. Rejects with a `GatewayError`: 409 without a refresh
 * token, 429 if the tokens were refreshed a moment ago, 503 if the provider or the store is unavailable.
 */
export type RefreshOnDemand = (session: RequestSession) => Promise<RefreshResult>;
