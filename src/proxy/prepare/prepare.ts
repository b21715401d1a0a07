/** What is worked out once for each route, so that a call only has to use it. */
import type { Config } from '../../config/schema/schema.ts';
import type { RequestContext } from '../../edge/request-context.ts';
import type { UpstreamProofs } from '../../oidc/dpop/upstream-proofs.ts';
import type { UpstreamTokens } from '../../oidc/tokens/upstream-tokens.ts';
import type { CorsHeaders } from '../../policy/cors.ts';
import type { CompiledRoute } from '../../routing/routes.ts';
import { type MaybePromise, mapMaybe } from '../../tuning/maybe-promise.ts';
import type { Admission } from '../admission/admit.ts';
import type { ForwardOptions } from '../forwarding/forward-options.ts';
import { createClaimHeaders, tokenClaims } from '../headers/claim-headers.ts';
import { createRequestHeaderRewriter, type RequestParts } from '../headers/request-headers.ts';
import { createResponseHeaderRewriter } from '../headers/response-headers.ts';
import { createCredentialsOf } from './upstream-credentials.ts';
import { createUpstreamPath } from './upstream-path.ts';

/** How one admitted call goes to the upstream, and how its answer comes back. */
export type Prepare = (
  context: RequestContext,
  admission: Admission,
  extra: { cors: CorsHeaders; upgrade?: boolean },
) => MaybePromise<ForwardOptions>;

type Known = Extract<Admission, { kind: 'user' | 'bearer' }>;

/** Where the claims of a caller are, and the object that they live as long as. */
function claimsOf(admission: Known) {
  if (admission.kind === 'bearer') {
    const { facts } = admission.caller;
    return { holder: facts, claims: () => facts.claims };
  }
  const { tokens } = admission.session;
  const { claims } = admission.facts;
  const ofToken = () => (tokens.verified === undefined ? tokenClaims(tokens.accessToken) : claims);
  return { holder: tokens, claims: () => tokens.userInfo ?? ofToken() };
}

/** What a call belongs to, so that a stream does not outlive it. */
function lifeOf(admission: Known, tolerance: number): Pick<ForwardOptions, 'streamKey' | 'endsAt'> {
  if (admission.kind === 'user') {
    const { key, data } = admission.session;
    return { streamKey: key, endsAt: data.expiresAt };
  }
  const { expiresAt } = admission.caller.facts;
  return expiresAt === undefined ? {} : { endsAt: expiresAt + tolerance };
}

const withoutQuery = (path: string) => path.split('?', 1)[0] ?? path;

/** Prepares every route of the table; throws on a configuration that cannot work. */
export function prepareRoutes(
  config: Config,
  routes: readonly CompiledRoute[],
  tokens: UpstreamTokens | undefined,
  proofs: UpstreamProofs,
): (route: CompiledRoute) => Prepare {
  const outgoing = createRequestHeaderRewriter(config);
  const { clockTolerance } = config.provider;

  /** What a proof of the gateway's own asks of every further attempt; undefined where there is none. */
  function attemptsOf(context: RequestContext, parts: RequestParts, url: string): ForwardOptions['attempts'] {
    const { accessToken } = parts;
    if (accessToken?.prove === undefined) return undefined;
    const { prove } = accessToken;
    return {
      headers: () => outgoing(context, { ...parts, accessToken: { ...accessToken, proof: prove() } }),
      answered: (status, headers) => proofs.recordResponse(url, status, headers),
    };
  }

  function prepareRoute({ config: route }: CompiledRoute): Prepare {
    const incoming = createResponseHeaderRewriter(config, route);
    const claimHeaders = createClaimHeaders(route.claimHeaders);
    const credentialsOf = createCredentialsOf(route, tokens, proofs);
    const upstreamPath = createUpstreamPath(route);
    const { host, origin } = new URL(route.upstream);
    const { requestCookies } = route;

    /** With all that an identified caller adds. */
    function complete(
      context: RequestContext,
      admission: Known,
      accessToken: RequestParts['accessToken'],
      { bare, url, upgrade }: { bare: Omit<ForwardOptions, 'headers'>; url: string; upgrade: boolean },
    ): ForwardOptions {
      const { holder, claims } = claimsOf(admission);
      const parts = { host, requestCookies, upgrade, accessToken, claims: claimHeaders(holder, claims, context) };
      const { path, rewriteHeaders } = bare;
      const { streamKey, endsAt } = lifeOf(admission, clockTolerance);
      const attempts = attemptsOf(context, parts, url);
      return { headers: outgoing(context, parts), path, rewriteHeaders, attempts, streamKey, endsAt };
    }

    return function prepare(context, admission, { cors, upgrade = false }) {
      const facts = { caller: admission.kind, requestId: context.id, cors };
      const bare = {
        path: upstreamPath(context.target),
        rewriteHeaders: (raw: readonly string[]) => incoming(raw, facts),
      };
      if (admission.kind === 'guest' || admission.kind === 'anyone')
        return { ...bare, headers: outgoing(context, { host, requestCookies, upgrade }) };
      const url = origin + withoutQuery(bare.path);
      const found = credentialsOf(admission, { method: context.req.method ?? 'GET', url });
      const rest = { bare, url, upgrade };
      return mapMaybe(found, (accessToken) => complete(context, admission, accessToken, rest));
    };
  }

  const prepared = new Map(routes.map((route) => [route, prepareRoute(route)]));
  return function preparedOf(route) {
    const known = prepared.get(route);
    if (!known) throw new Error(`route ${route.pattern} is not of this route table`);
    return known;
  };
}
