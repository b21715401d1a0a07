/** Whether a domain is a public suffix, below which anybody can register a host: browsers accept no cookie for it. */
import { createRequire } from 'node:module';
import type { parse } from 'tldts';

const require = createRequire(import.meta.url);

/** Returns whether it is one, such as com, co.uk or github.io. The list is loaded on the first call, because it takes 1.6 MB of memory. */
export function isPublicSuffix(domain: string): boolean {
  const library = require('tldts') as { parse: typeof parse };
  // Also the suffixes of providers of hosting: their customers do not trust each other.
  return library.parse(domain, { allowPrivateDomains: true }).publicSuffix === domain;
}
