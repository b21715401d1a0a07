/** Builds the tokens of the simulated Entra ID: ID tokens, access tokens of both versions, tokens for Graph. */
import { randomBytes } from 'node:crypto';
import type { TokenDraft } from './keys.ts';
import type { State } from './provider-state.ts';
import type { Grant } from './provider-types.ts';

/** The app registration of an API. */
export interface EntraApi {
  clientId: string;
  /** requestedAccessTokenVersion of the manifest; null means 1. */
  version: 1 | 2;
  scopes: readonly string[];
}

export const GRAPH = 'https://graph.microsoft.com';
export const OIDC_SCOPES = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The API of a scope: the part before the last slash. */
export function resourceOf(scope: string): string {
  const slash = scope.lastIndexOf('/');
  return slash < 0 ? GRAPH : scope.slice(0, slash);
}

const uti = () => `canary-${randomBytes(12).toString('base64url')}`;
const origin = (state: State) => new URL(state.issuer).origin;

/** An ID token without `at_hash` and `acr`; the issuer is that of the user's tenant. */
export function idToken(state: State, draft: TokenDraft, grant: Grant): TokenDraft {
  const { iat, exp, nonce, aud } = draft.claims;
  const { tid, ...claims } = grant.user.claims;
  return {
    ...draft,
    claims: {
      aud,
      iss: `${origin(state)}/${tid}/v2.0`,
      iat,
      nbf: iat,
      exp,
      ...(nonce === undefined ? {} : { nonce }),
      rh: '0.AXoA',
      sub: grant.user.sub,
      tid,
      uti: uti(),
      ver: '2.0',
      ...claims,
    },
  };
}

/** A token for Graph: the signature covers a hash of the header's nonce, so that other parties cannot verify it. */
function graphToken(state: State, draft: TokenDraft, grant: Grant): TokenDraft {
  const { tid, oid } = grant.user.claims;
  const claims = {
    aud: '00000003-0000-0000-c000-000000000000',
    iss: `https://sts.windows.net/${tid}/`,
    appid: state.client.id,
    iat: draft.claims.iat,
    exp: draft.claims.exp,
    oid,
    scp: 'openid profile email User.Read',
    sub: 'AAAAgraph',
    tid,
    uti: uti(),
    ver: '1.0',
  };
  const header = { ...draft.header, typ: 'JWT', nonce: randomBytes(24).toString('base64url'), x5t: draft.key.kid };
  return { ...draft, header, claims, signature: 'broken' };
}

/** Version 1 has the App ID URI, the old issuer and `appid`; version 2 the API's client ID, the new issuer and `azp`. */
export function accessToken(state: State, draft: TokenDraft, grant: Grant, apis: Record<string, EntraApi>): TokenDraft {
  const scopes = grant.scope.split(' ').filter((scope) => !OIDC_SCOPES.has(scope));
  const resource = resourceOf(scopes[0] ?? '');
  const api = apis[resource];
  if (!api) return graphToken(state, draft, grant);
  const { iat, exp } = draft.claims;
  const { tid, preferred_username, name, oid, ...more } = grant.user.claims;
  const scp = scopes.map((scope) => scope.slice(scope.lastIndexOf('/') + 1)).join(' ');
  const common = {
    iat,
    nbf: iat,
    exp,
    aio: 'AXQAi',
    name,
    oid,
    rh: '0.AXoA',
    scp,
    sub: `api-${grant.user.sub}`,
    tid,
    uti: uti(),
  };
  const header = { ...draft.header, typ: 'JWT' };
  const client = state.client.id;
  if (api.version === 2) {
    const claims = {
      aud: api.clientId,
      iss: `${origin(state)}/${tid}/v2.0`,
      azp: client,
      azpacr: '1',
      preferred_username,
    };
    return { ...draft, header, claims: { ...claims, ...common, ver: '2.0', ...more } };
  }
  const claims = {
    aud: resource,
    iss: `https://sts.windows.net/${tid}/`,
    acr: '1',
    amr: ['pwd'],
    appid: client,
    appidacr: '1',
  };
  return {
    ...draft,
    header: { ...header, x5t: draft.key.kid },
    claims: { ...claims, ...common, unique_name: preferred_username, ver: '1.0', ...more },
  };
}
