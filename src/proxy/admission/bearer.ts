/** A caller with an access token of its own: verified, meant for this route, and bound to a key where it says so. */

import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Audit } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/facts.ts';
import type { CheckProof } from '../../oidc/tokens/proof-check.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import type { Challenge } from '../../policy/challenge.ts';
import { type MaybePromise, mapError, mapMaybe } from '../../tuning/maybe-promise.ts';
import type { Credentials } from './credentials.ts';
import { type AccessRequest, auditDetails } from './enforce-rules.ts';

export interface BearerCaller {
  readonly token: string;
  readonly scheme: 'Bearer' | 'DPoP';
  /** The proof that came with a bound token. */
  readonly proof?: string;
  readonly facts: TokenFacts;
}

/** Whether the token names one of the audiences (RFC 9068 section 4). */
export const isForAudience = (facts: TokenFacts, audience: readonly string[]) =>
  audience.some((name) => facts.audience.includes(name));

/** RFC 9449 section 7.1 has a word of its own for a bad proof. */
const errorOf = ({ extensions }: GatewayError) =>
  extensions.reason === 'dpop_proof' ? ('invalid_dpop_proof' as const) : ('invalid_token' as const);

interface BearerParts {
  config: Pick<Config, 'publicUrl'>;
  tokens: TokenReader;
  checkProof: CheckProof;
  audit: Audit;
}

/** Builds the reader of callers' tokens; it fails with 401 `invalid_token` and the challenge for it, or with 503. */
export function createBearerReader({ config, tokens, checkProof, audit }: BearerParts, challenge: Challenge) {
  type Shown = Exclude<Credentials, { kind: 'none' }>;

  /** Whether a token whose facts are known may be used here, in this way. */
  function accept(
    { context, route }: AccessRequest,
    credentials: Shown,
    facts: TokenFacts,
  ): MaybePromise<BearerCaller> {
    if (!isForAudience(facts, route.audience))
      throw new GatewayError('invalid_token', {
        reason: 'audience',
        detail: `meant for ${facts.audience.join(' ').slice(0, 200) || 'nobody'}, not for ${route.audience.join(' ')}`,
      });
    const { token } = credentials;
    const proof = credentials.kind === 'dpop' ? credentials.proof : undefined;
    const url = config.publicUrl + context.target.path;
    const checked = checkProof({ method: context.req.method ?? '', url, token, proof }, facts);
    const caller: BearerCaller =
      proof === undefined ? { token, scheme: 'Bearer', facts } : { token, scheme: 'DPoP', facts, proof };
    return mapMaybe(checked, () => caller);
  }

  /** The refusal of a token, with its line in the audit; any other error as it is. */
  function refuse(visit: AccessRequest, { kind }: Shown, error: unknown): never {
    if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
    audit('access.denied', auditDetails(visit, 'invalid_token'));
    const scheme = kind === 'dpop' ? 'DPoP' : 'Bearer';
    throw new GatewayError('invalid_token', {
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      extensions: error.extensions,
      headers: { 'www-authenticate': challenge({ error: errorOf(error) }, scheme) },
    });
  }

  return function readBearer(visit: AccessRequest, credentials: Shown): MaybePromise<BearerCaller> {
    const read = () => tokens.read(credentials.token, visit.route.config.introspect);
    return mapError(
      () => mapMaybe(read(), (facts) => accept(visit, credentials, facts)),
      (error) => refuse(visit, credentials, error),
    );
  };
}
