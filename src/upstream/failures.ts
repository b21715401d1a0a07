/** What an upstream did wrong, as an error of the gateway. */
import { GatewayError } from '../base/errors.ts';

const TIMEOUTS = new Set([
  'UPSTREAM_CONNECT_TIMEOUT',
  'UPSTREAM_HEAD_TIMEOUT',
  'UPSTREAM_BODY_TIMEOUT',
  'ERR_UPSTREAM_UPGRADE_TIMEOUT',
  'ETIMEDOUT',
]);

/** The `code` of an error, if it has one. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** Turns a failure of the upstream connection into 502 or 504. Names of hosts stay in the cause, for the log only. */
export function upstreamError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = codeOf(error);
  return new GatewayError(TIMEOUTS.has(code) ? 'upstream_timeout' : 'upstream_failed', {
    cause: error,
    ...(code === '' ? {} : { detail: code }),
  });
}
