/** What a refusal says in `WWW-Authenticate` (RFC 6750 section 3, RFC 9449 section 7.1, RFC 9470 section 3, RFC 9728 section 5.1). */
import { protectedResource } from '../config/schema/protected-resource.ts';
import type { Config } from '../config/schema/schema.ts';

/** Parameters of a challenge, without input of the caller: values come from the configuration and from fixed words. */
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

/** RFC 9110 section 5.6.4; rules may hold any text in `acr`, so what has no place in a quoted string is left out. */
const quoted = (text: string) => `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;

/** Builds the function that writes challenges. Without a credential there is no error in it (RFC 6750 section 3.1). */
export function createChallenge(config: Config): Challenge {
  const { metadataUrl } = protectedResource(config);
  const fixed: [string, string][] = [['realm', config.publicUrl]];
  // Who may not bring a token need not learn where one can be had.
  const metadata: [string, string][] = config.accessTokens === undefined ? [] : [['resource_metadata', metadataUrl]];

  return function challenge(params = {}, scheme = 'Bearer') {
    const all: [string, string][] = [...fixed, ...Object.entries(params), ...metadata];
    return `${scheme} ${all.map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}`;
  };
}
