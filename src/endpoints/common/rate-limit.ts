/** Rate limit per client address, for requests that cost the provider or the CPU before anyone is signed in. */
import { isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { GatewayError } from '../../base/errors.ts';
import { contextOf } from './context.ts';

const WINDOW_S = 60;

/** The address that counts for the limit: IPv4 as it is, IPv6 cut to its /64, which one household or device owns whole. */
export function limitedAddress(address: string): string {
  if (!isIPv6(address) || /^::ffff:\d+\./i.test(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const tailLength = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - tailLength);
  return [...groups, ...Array.from({ length: zeros }, () => '0')]
    .concat(tail?.split(':') ?? [])
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':');
}

/**
 * Allows `perMinute` requests from one address to this endpoint of this instance; 0 sets no limit. The counts are in memory:
 * if requests without a session wrote to the store, a flood would fill it.
 */
export function rateLimit(perMinute: number): RequestHandler {
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
