/** Maps failures of upstream connections to gateway errors. */
import { GatewayError } from '../base/errors.ts';
import { errorCode } from './http/fault.ts';

const TIMEOUTS = new Set([
  'UPSTREAM_CONNECT_TIMEOUT',
  'UPSTREAM_HEAD_TIMEOUT',
  'UPSTREAM_BODY_TIMEOUT',
  'ERR_UPSTREAM_UPGRADE_TIMEOUT',
  'ETIMEDOUT',
]);

/** Maps a failure to 502 or 504, or to 503 if no target takes requests. Host names stay in the cause, which is only logged. */
export function upstreamError(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  const code = errorCode(error);
  if (code === 'UPSTREAM_UNAVAILABLE') return new GatewayError('upstream_busy', { cause: error, detail: code });
  return new GatewayError(TIMEOUTS.has(code) ? 'upstream_timeout' : 'upstream_failed', {
    cause: error,
    ...(code === '' ? {} : { detail: code }),
  });
}
