/** Serves the metadata of this protected resource (RFC 9728): where clients get tokens, and how they send them. */
import type { RequestHandler } from 'express';
import { protectedResource as resourceOf } from '../config/schema/protected-resource.ts';
import { signInProviders } from '../config/schema/providers.ts';
import type { Config } from '../config/schema/schema.ts';
import { readsCertificates } from '../config/traffic/client-certificate.ts';
import { issuersOf } from '../oidc/products/issuers.ts';
import { PROOF_ALGORITHMS } from '../oidc/tokens/proof-check.ts';
import type { EndpointParts, EndpointSteps } from './common/endpoint.ts';
import { sendJson } from './common/responses.ts';

/** `GET /.well-known/oauth-protected-resource`: the same document for every client. */
export function protectedResource({ config }: Pick<EndpointParts, 'config'>): EndpointSteps<'protectedResource'> {
  const metadata = metadataOf(config);
  return {
    GET: [
      allowAnyOrigin,
      function sendMetadata(_req, res) {
        sendJson(res, metadata);
      },
    ],
  };
}

/** The metadata document; scopes are in the order of the routes. */
function metadataOf(config: Config): Record<string, unknown> {
  const scopes = config.routes.flatMap(({ rules }) => rules.flatMap((rule) => rule.scopes?.flat() ?? []));
  return {
    resource: resourceOf(config).resource,
    authorization_servers: [
      ...new Set([
        ...signInProviders(config).flatMap(issuersOf),
        ...(config.accessTokens?.issuers ?? []).map(({ issuer }) => issuer),
      ]),
    ],
    bearer_methods_supported: ['header'],
    ...(scopes.length === 0 ? {} : { scopes_supported: [...new Set(scopes)] }),
    dpop_signing_alg_values_supported: PROOF_ALGORITHMS,
    dpop_bound_access_tokens_required: false,
    ...(readsCertificates(config) ? { tls_client_certificate_bound_access_tokens: true } : {}),
  };
}

/** The document is public, and clients that run in a browser on another origin need it too. */
const allowAnyOrigin: RequestHandler = function allowAnyOrigin(_req, res, next) {
  res.set('Access-Control-Allow-Origin', '*');
  res.set('Cross-Origin-Resource-Policy', 'cross-origin');
  next();
};
