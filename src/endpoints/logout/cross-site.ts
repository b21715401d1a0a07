/** Detects navigations from another site, which browsers send without the Strict cookie. */
import type { Request } from 'express';

/** Whether another site started the request; false for browsers without Fetch Metadata. */
export function isCrossSite(req: Request): boolean {
  return !['same-origin', 'none', undefined].includes(req.get('sec-fetch-site'));
}
