/** Rate limit per client address, for requests that cost the provider or the CPU before anyone is signed in. */
import type { RequestHandler } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { limitedAddress } from '../../base/address.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import { contextOf } from './context.ts';

const WINDOW_S = 60;

/** The limits of one process; all of its apps and providers count together, so that a client gains nothing by asking at several. */
export interface RateLimits {
  readonly login: RequestHandler;
  readonly callback: RequestHandler;
  readonly logoutToken: RequestHandler;
}

export const createRateLimits = ({ loginsPerMinute, logoutTokensPerMinute }: Config['limits']): RateLimits => ({
  login: rateLimit(loginsPerMinute),
  callback: rateLimit(loginsPerMinute),
  logoutToken: rateLimit(logoutTokensPerMinute),
});

/**
 * Allows `perMinute` requests from one address to this endpoint of this instance; 0 sets no limit. The counts are in memory:
 * if requests without a session wrote to the store, a flood would fill it.
 */
function rateLimit(perMinute: number): RequestHandler {
  const limiter = new RateLimiterMemory({ points: Math.max(1, perMinute), duration: WINDOW_S });
  return async function rateLimit(req, _res, next) {
    if (perMinute === 0) return next();
    try {
      await limiter.consume(limitedAddress(contextOf(req).clientIp));
      next();
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      next(new GatewayError('too_many_requests', { retryAfter: Math.max(1, Math.ceil(refusal.msBeforeNext / 1000)) }));
    }
  };
}
