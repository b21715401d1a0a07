/** Reads a caller's own access token: verified, meant for this route, and proven by its key if it is bound to one. */

import { limitedAddress } from '../../base/address.ts';
import { GatewayError } from '../../base/errors.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Audit } from '../../observe/audit.ts';
import type { TokenFacts } from '../../oidc/products/base/facts.ts';
import { tokenBinding } from '../../oidc/products/base/token-binding.ts';
import type { CheckProof } from '../../oidc/tokens/proof-check.ts';
import type { TokenReader } from '../../oidc/tokens/token-reader.ts';
import type { Challenge } from '../../policy/challenge.ts';
import { type MaybePromise, mapError, mapMaybe } from '../../tuning/maybe-promise.ts';
import type { Credentials } from './credentials.ts';
import { type AccessRequest, auditDetails } from './enforce-rules.ts';

export interface BearerCaller {
  readonly token: string;
  readonly scheme: 'Bearer' | 'DPoP';
  /** The proof that the caller sent with a bound token. */
  readonly proof?: string;
  readonly facts: TokenFacts;
}

/** Returns whether the token names one of the audiences (RFC 9068 section 4). */
export const isForAudience = (facts: TokenFacts, audience: readonly string[]) =>
  audience.some((name) => facts.audience.includes(name));

/** RFC 9449 section 7.1 has an error of its own for an invalid proof. */
const errorOf = ({ extensions }: GatewayError) =>
  extensions.reason === 'dpop_proof' ? ('invalid_dpop_proof' as const) : ('invalid_token' as const);

interface BearerParts {
  config: Pick<Config, 'publicUrl'>;
  tokens: TokenReader;
  checkProof: CheckProof;
  audit: Audit;
}

/** Creates the reader of callers' tokens. It fails with 401 `invalid_token` and its challenge, or with 503. */
export function createBearerReader({ config, tokens, checkProof, audit }: BearerParts, challenge: Challenge) {
  type TokenCredentials = Exclude<Credentials, { kind: 'none' }>;

  /** Returns the caller if a verified token may be used on this route and is proven. */
  function accept(
    { context, route }: AccessRequest,
    credentials: TokenCredentials,
    facts: TokenFacts,
  ): MaybePromise<BearerCaller> {
    if (!isForAudience(facts, route.audience))
      throw new GatewayError('invalid_token', {
        reason: 'audience',
        detail: `audience ${facts.audience.join(' ').slice(0, 200) || 'missing'}, expected ${route.audience.join(' ')}`,
      });
    const { token } = credentials;
    const proof = credentials.kind === 'dpop' ? credentials.proof : undefined;
    const url = config.publicUrl + context.target.path;
    const { req } = context;
    const checked = checkProof({ method: req.method ?? '', url, token, proof, req }, facts);
    const caller: BearerCaller =
      proof === undefined ? { token, scheme: 'Bearer', facts } : { token, scheme: 'DPoP', facts, proof };
    return mapMaybe(checked, () => {
      // Possession is proven: the thumbprint in the token is the one of the client.
      if (context.access) context.access.certificate = tokenBinding(facts)?.certificate;
      return caller;
    });
  }

  /** Audits the refusal of a token and adds its challenge; throws any other error unchanged. */
  function refuse(access: AccessRequest, { kind }: TokenCredentials, error: unknown): never {
    if (!(error instanceof GatewayError && error.code === 'invalid_token')) throw error;
    audit('access.denied', auditDetails(access, 'invalid_token'));
    const scheme = kind === 'dpop' ? 'DPoP' : 'Bearer';
    throw new GatewayError('invalid_token', {
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      extensions: error.extensions,
      headers: { 'www-authenticate': challenge({ error: errorOf(error) }, scheme) },
    });
  }

  return function readBearer(access: AccessRequest, credentials: TokenCredentials): MaybePromise<BearerCaller> {
    const read = () =>
      tokens.read(credentials.token, access.route.config.introspect, limitedAddress(access.context.clientIp));
    return mapError(
      () => mapMaybe(read(), (facts) => accept(access, credentials, facts)),
      (error) => refuse(access, credentials, error),
    );
  };
}
