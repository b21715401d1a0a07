/** The metadata of this protected resource (RFC 9728): where callers get tokens, and how they send them. */
import type { RequestHandler } from 'express';
import { protectedResource } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import { PROOF_ALGORITHMS } from '../oidc/tokens/proof-check.ts';
import { sendJson } from './context.ts';

/** The document, the same for everybody; scopes in the order of the routes. */
function metadataOf(config: Config): Record<string, unknown> {
  const scopes = config.routes.flatMap(({ rules }) => rules.flatMap((rule) => rule.scopes?.flat() ?? []));
  return {
    resource: protectedResource(config).resource,
    authorization_servers: [
      ...issuersOf(config.provider),
      ...(config.accessTokens?.issuers ?? []).map(({ issuer }) => issuer),
    ],
    bearer_methods_supported: ['header'],
    ...(scopes.length === 0 ? {} : { scopes_supported: [...new Set(scopes)] }),
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    dpop_bound_access_tokens_required: false,
  };
}

/** Answers it to any origin: it holds nothing that is not public, and clients in browsers need it as well. */
export function protectedResourceEndpoint(config: Config): RequestHandler {
  const metadata = metadataOf(config);
  return function protectedResourceMetadata(_req, res) {
    res.set('Access-Control-Allow-Origin', '*');
    res.set('Cross-Origin-Resource-Policy', 'cross-origin');
    sendJson(res, metadata);
  };
}
