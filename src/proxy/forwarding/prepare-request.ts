/** Prepares an admitted request for its upstream: path, headers, credentials, and how its response is rewritten. */
import { hasUpstream } from '../../config/schema/asked-routes.ts';
import type { Config, RouteConfig } from '../../config/schema/schema.ts';
import { baseUrl } from '../../config/traffic/upstream-targets.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { UpstreamProofs } from '../../oidc/dpop/upstream-proofs.ts';
import type { Claims, TokenFacts } from '../../oidc/products/base/facts.ts';
import type { UpstreamTokensByProvider } from '../../oidc/tokens/upstream-tokens-by-provider.ts';
import type { CorsHeaders } from '../../policy/cors.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import { startUpstreamSpan } from '../../tracing/upstream-span.ts';
import { type MaybePromise, mapMaybe } from '../../tuning/maybe-promise.ts';
import type { Admission } from '../admission/admit.ts';
import { createHashKey } from '../admission/hash-key.ts';
import { createClaimHeaders, unverifiedClaims } from '../headers/claim-headers.ts';
import {
  createRequestHeaderRewriter,
  type RequestHeaderRewriter,
  type UpstreamHeaderOptions,
} from '../headers/request-headers.ts';
import { createResponseHeaderRewriter } from '../headers/response-headers.ts';
import type { ForwardOptions } from './forward-options.ts';
import { createSelectCredentials } from './upstream-credentials.ts';
import { createUpstreamPath } from './upstream-path.ts';

/** Returns what an admitted request is forwarded with. */
export type PrepareRequest = (
  context: RequestContext,
  admission: Admission,
  /** `asked`: another proxy forwards the request. */
  extra: { cors: CorsHeaders; upgrade?: boolean; asked?: boolean },
) => MaybePromise<ForwardOptions>;

type Authenticated = Extract<Admission, { kind: 'user' | 'bearer' }>;

/** Returns how to read the claims of a caller, and the object that they may be cached for. */
export function claimsOf(admission: Authenticated, from: RouteConfig['claimsFrom']) {
  if (admission.kind === 'bearer') {
    const { facts } = admission.caller;
    const claims = from === 'identity' ? {} : facts.claims;
    return { holder: facts, claims: () => ({ ...claims, ...identityClaims(facts) }) };
  }
  const { tokens } = admission.session;
  const { facts } = admission;
  const ofAccessToken = () => (tokens.verified === undefined ? unverifiedClaims(tokens.accessToken) : facts.claims);
  const tokenClaims = () => (from === 'identity' ? (tokens.identity ?? {}) : (tokens.userInfo ?? ofAccessToken()));
  const { issuer, sub } = admission.session.data;
  return {
    holder: tokens,
    claims: () => ({
      ...tokenClaims(),
      ...identityClaims({ issuer, sub, providers: facts.providers }),
    }),
  };
}

/** Claims that the gateway adds: a `sub` names a user only together with its issuer (OIDC Core 5.7). */
function identityClaims({ issuer, sub, providers }: Pick<TokenFacts, 'issuer' | 'sub' | 'providers'>): Claims {
  const [provider] = providers;
  return {
    '@subject': sub === undefined ? undefined : `${issuer}|${sub}`,
    '@provider': provider,
  };
}

/** Returns the session or token lifetime that a stream must not outlive. */
function lifetimeOf(admission: Authenticated, tolerance: number): Pick<ForwardOptions, 'streamKey' | 'endsAt'> {
  if (admission.kind === 'user') {
    const { key, data } = admission.session;
    return { streamKey: key, endsAt: data.expiresAt };
  }
  const { expiresAt } = admission.caller.facts;
  return expiresAt === undefined ? {} : { endsAt: expiresAt + tolerance };
}

/** Returns the name under which the requests of a caller are counted. */
function callerOf(admission: Authenticated): string | undefined {
  if (admission.kind === 'user') return admission.session.key;
  const { issuer, clientId, sub } = admission.caller.facts;
  return clientId === undefined && sub === undefined ? undefined : `${issuer} ${clientId} ${sub}`;
}

const withoutQuery = (path: string) => path.split('?', 1)[0] ?? path;

interface Shared {
  readonly config: Config;
  readonly tokens: UpstreamTokensByProvider | undefined;
  readonly proofs: UpstreamProofs;
  readonly rewriteRequestHeaders: RequestHeaderRewriter;
}

/** Returns the hooks for further attempts, each with a new proof; undefined when the gateway makes no proof. */
function attemptsOf(
  { proofs, rewriteRequestHeaders }: Shared,
  context: RequestContext,
  options: UpstreamHeaderOptions,
  url: string,
): ForwardOptions['attempts'] {
  const { accessToken } = options;
  if (accessToken?.createProof === undefined) return undefined;
  const { createProof } = accessToken;
  return {
    headers: () =>
      rewriteRequestHeaders(context, { ...options, accessToken: { ...accessToken, proof: createProof() } }),
    onResponse: (status, headers) => proofs.recordResponse(url, status, headers),
  };
}

/** The host that the upstream receives. */
function hostOf(hostHeader: RouteConfig['hostHeader'], upstreamHost: string, { publicUrl }: Config): string {
  if (hostHeader === 'upstream') return upstreamHost;
  return hostHeader === 'public' ? new URL(publicUrl).host : hostHeader;
}

function prepareRoute(shared: Shared, compiled: CompiledRoute): PrepareRequest {
  const { config, tokens, proofs, rewriteRequestHeaders } = shared;
  // The gateway does not know the address of an API of the front proxy: a proof is for the one that clients see.
  const route = hasUpstream(compiled.config) ? compiled.config : { ...compiled.config, upstream: config.publicUrl };
  const rewriteResponseHeaders = createResponseHeaderRewriter(config, route);
  const claimHeaders = createClaimHeaders(route.claimHeaders, route.claimEncoding);
  const selectCredentials = createSelectCredentials(route, tokens, proofs);
  const upstreamPath = createUpstreamPath(route);
  const hashKeyOf = createHashKey(route);
  const { host: upstreamHost, origin } = new URL(baseUrl(route.upstream));
  const host = hostOf(route.hostHeader, upstreamHost, config);
  const passing = {
    requestCookies: route.requestCookies,
    requestHeaders: new Set([
      ...route.requestHeaders.pass.map((name) => name.toLowerCase()),
      ...(route.authorization === 'forward' ? ['authorization', 'dpop'] : []),
    ]),
  };
  const { clockTolerance } = config.provider;

  return function prepareRequest(context, admission, { cors, upgrade = false }) {
    const facts = { caller: admission.kind, requestId: context.id, cors };
    const path = upstreamPath(context.target);
    const rewriteHeaders = (raw: readonly string[]) => rewriteResponseHeaders(raw, facts);
    const method = context.req.method ?? 'GET';
    const hashKey = hashKeyOf?.(context, admission);
    if (admission.kind === 'guest' || admission.kind === 'anyone') {
      const span = startUpstreamSpan(context.span, method, origin);
      return {
        path,
        rewriteHeaders,
        hashKey,
        span,
        headers: rewriteRequestHeaders(context, { ...passing, host, upgrade, span }),
      };
    }
    const url = origin + withoutQuery(path);
    const credentials = selectCredentials(admission, { method, url });
    return mapMaybe(credentials, (accessToken): ForwardOptions => {
      const { holder, claims } = claimsOf(admission, route.claimsFrom);
      const span = startUpstreamSpan(context.span, method, origin);
      const options = { ...passing, host, upgrade, accessToken, claims: claimHeaders(holder, claims, context), span };
      const { streamKey, endsAt } = lifetimeOf(admission, clockTolerance);
      const attempts = attemptsOf(shared, context, options, url);
      const headers = rewriteRequestHeaders(context, options);
      return { headers, path, rewriteHeaders, hashKey, attempts, caller: callerOf(admission), streamKey, endsAt, span };
    });
  };
}

/** Prepares every route once; throws on a configuration that cannot work. */
export function prepareRoutes(
  config: Config,
  routes: readonly CompiledRoute[],
  tokens: UpstreamTokensByProvider | undefined,
  proofs: UpstreamProofs,
): (route: CompiledRoute) => PrepareRequest {
  const shared = { config, tokens, proofs, rewriteRequestHeaders: createRequestHeaderRewriter(config) };
  const prepared = new Map(routes.map((route) => [route, prepareRoute(shared, route)]));
  return function prepareFor(route) {
    const prepare = prepared.get(route);
    if (!prepare) throw new Error(`route ${route.pattern} is not in this route table`);
    return prepare;
  };
}
