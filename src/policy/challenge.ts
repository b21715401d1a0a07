/** Builds `WWW-Authenticate` challenges (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1). */
import { protectedResource } from '../config/schema/protected-resource.ts';
import type { Config } from '../config/schema/schema.ts';

/** Parameters of a challenge. Values come from the configuration and from fixed strings, never from the request. */
export interface ChallengeParams {
  error?:
    | 'invalid_request'
    | 'invalid_token'
    | 'invalid_dpop_proof'
    | 'insufficient_scope'
    | 'insufficient_user_authentication';
  error_description?: string;
  scope?: string;
  acr_values?: string;
  max_age?: string;
}

export type Challenge = (params?: ChallengeParams, scheme?: 'Bearer' | 'DPoP') => string;

/** Returns a quoted string (RFC 9110 section 5.6.4). A rule may have any text in `acr`, so other characters are removed. */
const quoted = (text: string) => `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;

/** Creates the builder of challenges. Without credentials, a challenge has no `error` (RFC 6750 section 3.1). */
export function createChallenge(config: Config): Challenge {
  const { metadataUrl } = protectedResource(config);
  const fixed: [string, string][] = [['realm', config.publicUrl]];
  // Without accessTokens, callers cannot send tokens, so they need not learn which provider issues them.
  const metadata: [string, string][] = config.accessTokens === undefined ? [] : [['resource_metadata', metadataUrl]];

  return function challenge(params = {}, scheme = 'Bearer') {
    const all: [string, string][] = [...fixed, ...Object.entries(params), ...metadata];
    return `${scheme} ${all.map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}`;
  };
}
