/** How often one address may do what costs the provider or the CPU something without being signed in. */
import { isIPv6 } from 'node:net';
import type { RequestHandler } from 'express';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { GatewayError } from '../base/errors.ts';
import { contextOf } from './context.ts';

const WINDOW_S = 60;

/** One household or device has a whole /64 of IPv6, so that is what counts as one address. */
export function limitedAddress(address: string): string {
  if (!isIPv6(address) || /^::ffff:\d+\./i.test(address)) return address;
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const groups = head === '' ? [] : head.split(':');
  const rest = tail === undefined || tail === '' ? 0 : tail.split(':').length;
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - groups.length - rest);
  return [...groups, ...Array.from({ length: zeros }, () => '0')]
    .concat(tail?.split(':') ?? [])
    .slice(0, 4)
    .map((group) => Number.parseInt(group || '0', 16).toString(16))
    .join(':');
}

/**
 * At most `perMinute` requests of an address to this endpoint at this instance; 0 is no limit. Counted in memory: anonymous
 * traffic must not write to the store, or a flood would fill it.
 */
export function rateLimit(perMinute: number): RequestHandler {
  const limiter = new RateLimiterMemory({ points: Math.max(1, perMinute), duration: WINDOW_S });
  return async function limitRate(req, _res, next) {
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
