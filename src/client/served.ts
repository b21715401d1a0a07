/** Entry point of the module that the gateway serves at `/client.js`; it has the gateway's paths and header as defaults. */
import type { Client, ClientOptions } from './base/types.ts';
import { createClient as create } from './client.ts';

/** The gateway writes this constant in front of the module. */
declare const BFF_DEFAULTS: { base: string; csrfHeader: string };

/** The gateway's origin, unless the page has the same. */
function gatewayOrigin(): string {
  const { origin } = new URL(import.meta.url);
  return origin === (globalThis as { location?: { origin: string } }).location?.origin ? '' : origin;
}

export const createClient = (options?: ClientOptions): Client =>
  create({ ...BFF_DEFAULTS, base: gatewayOrigin() + BFF_DEFAULTS.base, ...options });
