/** UserInfo: fetches claims about a user, and verifies them if the provider signs them (OpenID Connect Core 5.3). */
import * as oidc from 'openid-client';
import { GatewayError } from '../../base/errors.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { verifyJwt } from '../keys/verify-jwt.ts';
import { isEmptyValue } from '../products/base/claims.ts';
import { issuersOf } from '../products/issuers.ts';
import type { DpopOptions } from '../provider/authorization-url.ts';
import type { Provider } from '../provider/provider.ts';

/**
 * Returns the UserInfo claims of the user `sub`. Rejects with `login_failed` if the provider refuses the access token or the
 * response is not valid, and with the error of openid-client if the provider is unavailable.
 */
export type FetchUserInfo = (accessToken: string, sub: string, proof: DpopOptions) => Promise<Record<string, unknown>>;

export interface UserInfoOptions {
  config: ProviderConfig;
  provider: Pick<Provider, 'client' | 'verify'>;
  clock: () => number;
}

/** No HMAC, whose key the provider and every client share, and no `none`. */
const ASYMMETRIC = /^(?:[RPE]S(?:256|384|512)|EdDSA)$/;

function refuse(detail: string, cause?: unknown): never {
  throw new GatewayError('login_failed', { detail, cause });
}

/** Whether the provider refuses the request, rather than being unavailable or overloaded. */
const isRefusal = (status: number) => status >= 400 && status < 500 && status !== 408 && status !== 429;

const isJwt = ({ headers }: Response) => /^application\/jwt\s*(?:;|$)/i.test(headers.get('content-type') ?? '');

/** Creates the verification of a signed response; it returns the claims. */
function createVerification({ config, provider, clock }: UserInfoOptions) {
  const issuers = issuersOf(config);

  return async function verify(jwt: string, supported: readonly string[]): Promise<Record<string, unknown>> {
    const algorithms = [config.idTokenSignedResponseAlg, ...supported].filter((name) => ASYMMETRIC.test(name));
    const checks = { algorithms, required: [], now: clock(), tolerance: config.clockTolerance };
    const { payload } = await provider
      .verify(jwt, (keys) => verifyJwt(jwt, keys, checks))
      .catch((error: unknown) => {
        if (error instanceof GatewayError) throw error;
        return refuse('the signed UserInfo response is not valid', error);
      });
    // Section 5.3.2: a signed response should name its issuer and this client.
    const { iss } = payload;
    if (!isEmptyValue(iss) && !(typeof iss === 'string' && issuers.includes(iss)))
      refuse('UserInfo is of another issuer');
    if (!isEmptyValue(payload.aud) && ![payload.aud].flat().includes(config.clientId))
      refuse('UserInfo is for another client');
    return payload;
  };
}

/** Creates the request. */
export function createUserInfo(options: UserInfoOptions): FetchUserInfo {
  const verify = createVerification(options);

  return async function fetchUserInfo(accessToken, sub, proof) {
    const client = await options.provider.client();
    const send = client[oidc.customFetch];
    if (send === undefined) throw new Error('the client of the provider has no fetch of its own');
    const { userinfo_signing_alg_values_supported: supported = [] } = client.serverMetadata();
    let status = 0;
    let invalid: unknown;
    // openid-client gets the verified claims as JSON: it would look for the key of a JWT in a key set that may be outdated.
    client[oidc.customFetch] = async (url, request) => {
      const response = await send(url, request);
      status = response.status;
      if (status !== 200 || !isJwt(response)) return response;
      try {
        return Response.json(await verify(await response.text(), supported));
      } catch (error) {
        invalid = error;
        throw error;
      }
    };
    try {
      // It compares `sub` and accepts only a JSON object (section 5.3.2).
      return { ...(await oidc.fetchUserInfo(client, accessToken, sub, proof)) };
    } catch (error) {
      if (invalid !== undefined) throw invalid;
      if (isRefusal(status)) refuse(`the UserInfo endpoint returned ${status}`, error);
      throw error;
    }
  };
}
