/** What a request to a target says about the health of the target, and whether it may be sent again. */
import { errorCode } from '../http/fault.ts';

/** How one request at a target went. `aborted`: the client left, or the gateway gave the request up. */
export type Outcome =
  | { readonly kind: 'response'; readonly status: number }
  /** `sent`: a byte of the request may have reached the target. */
  | { readonly kind: 'failed'; readonly code: string; readonly sent: boolean }
  | { readonly kind: 'aborted' };

/** Why a request failed: no connection, no response in time, a connection that broke, or the status of the response. */
export type FailureReason = RequestFailure | 'status';

type RequestFailure = 'connect' | 'timeout' | 'broken';

/** Faults of the client or of this process: its request body, its own limits, its decision to end the request. */
const NOT_OF_TARGET: ReadonlySet<string> = new Set([
  '',
  'UPSTREAM_ABANDONED',
  'UPSTREAM_UNAVAILABLE',
  'UPSTREAM_REQUEST',
  'payload_too_large',
  'request_timeout',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
]);
const TIMEOUTS: ReadonlySet<string> = new Set(['UPSTREAM_HEAD_TIMEOUT', 'UPSTREAM_BODY_TIMEOUT', 'ETIMEDOUT']);
/** Statuses with which a server says that it does not serve at present (RFC 9110 sections 15.6.3 to 15.6.5). */
const UNAVAILABLE: ReadonlySet<number> = new Set([502, 503, 504]);

/** Returns why a connection or request failed; undefined if the target did not cause it. */
export function failureReason({ code, sent }: { code: string; sent: boolean }): RequestFailure | undefined {
  if (NOT_OF_TARGET.has(code)) return undefined;
  if (!sent) return 'connect';
  return TIMEOUTS.has(code) ? 'timeout' : 'broken';
}

/** Returns why an outcome counts against its target: `none` if it counts for it, undefined if it says nothing. */
export function judgeOutcome(outcome: Outcome, serverErrors: boolean): FailureReason | 'none' | undefined {
  if (outcome.kind === 'aborted') return undefined;
  if (outcome.kind === 'failed') return failureReason(outcome);
  const { status } = outcome;
  return UNAVAILABLE.has(status) || (serverErrors && status >= 500) ? 'status' : 'none';
}

/** Codes of a connection that broke although the target did nothing wrong: it was just closing an idle one. */
const BROKEN: ReadonlySet<string> = new Set(['UPSTREAM_CLOSED', 'UPSTREAM_STRAY', 'ECONNRESET', 'EPIPE']);

/** Returns why a request that failed can be sent again; undefined if it cannot. */
export function retryReason(error: Error, sent: boolean): RequestFailure | undefined {
  const code = errorCode(error);
  const reason = failureReason({ code, sent });
  return reason === 'broken' && !BROKEN.has(code) ? undefined : reason;
}
