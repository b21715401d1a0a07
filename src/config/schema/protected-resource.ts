/** Identifier and metadata address of the protected resource (RFC 9728). */
import type { Config } from './schema.ts';

const WELL_KNOWN = '/.well-known/oauth-protected-resource';

/** The resource identifier, and the path and URL of its metadata, always on the public origin (RFC 9728 section 3.1). */
export function protectedResource({ publicUrl, accessTokens }: Pick<Config, 'publicUrl' | 'accessTokens'>) {
  const resource = accessTokens?.resource ?? publicUrl;
  const { pathname } = new URL(resource);
  const metadataPath = pathname === '/' ? WELL_KNOWN : WELL_KNOWN + pathname;
  return { resource, metadataPath, metadataUrl: publicUrl + metadataPath };
}
