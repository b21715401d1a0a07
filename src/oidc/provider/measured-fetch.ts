/** Measures and traces the requests to the provider, by type of endpoint. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { ProviderEndpoint, ProviderMetrics, ProviderOutcome } from '../../observe/metrics/app-metrics.ts';
import { traced } from '../../tracing/traced.ts';
import { recordResponse } from '../../tracing/upstream-span.ts';

const ENDPOINTS = {
  jwks_uri: 'jwks',
  token_endpoint: 'token',
  userinfo_endpoint: 'userinfo',
  revocation_endpoint: 'revocation',
  introspection_endpoint: 'introspection',
  pushed_authorization_request_endpoint: 'par',
} as const satisfies Partial<Record<keyof ServerMetadata, ProviderEndpoint>>;

/** The type of the endpoint at a URL; the URL itself would be a metric label without bounds. */
function endpointOf(url: string, metadata: ServerMetadata | undefined): ProviderEndpoint {
  const address = url.split('?', 1)[0] ?? url;
  if (address.endsWith('/.well-known/openid-configuration')) return 'discovery';
  const aliases = metadata?.mtls_endpoint_aliases ?? {};
  for (const [name, endpoint] of Object.entries(ENDPOINTS))
    if (metadata?.[name] === address || aliases[name] === address) return endpoint;
  return 'other';
}

function outcomeOf(status: number): ProviderOutcome {
  if (status < 400) return 'ok';
  return status < 500 ? 'refused' : 'error';
}

/** Without trace headers: which traces the gateway is part of is no concern of the provider. */
function tracedFetch(endpoint: ProviderEndpoint, fetch: CustomFetch, ...[url, options]: Parameters<CustomFetch>) {
  const { hostname } = new URL(url);
  const attributes = {
    'http.request.method': options.method,
    'server.address': hostname,
    'bff.provider.endpoint': endpoint,
  };
  return traced(`provider ${endpoint}`, 'client', attributes, async (span) => {
    const response = await fetch(url, options);
    if (span) recordResponse(span, response.status);
    return response;
  });
}

/** Wraps the fetch of one provider; `latestMetadata` returns what discovery has found so far. */
export function measureFetch(
  fetch: CustomFetch,
  latestMetadata: () => ServerMetadata | undefined,
  metrics: Pick<ProviderMetrics, 'observeProviderRequest'> | undefined,
): CustomFetch {
  if (!metrics) return fetch;
  return async function measuredFetch(url, options) {
    const startedAt = performance.now();
    const record = (outcome: ProviderOutcome) =>
      metrics.observeProviderRequest(
        endpointOf(url, latestMetadata()),
        outcome,
        (performance.now() - startedAt) / 1000,
      );
    try {
      const response = await tracedFetch(endpointOf(url, latestMetadata()), fetch, url, options);
      record(outcomeOf(response.status));
      return response;
    } catch (error) {
      record(error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'unreachable');
      throw error;
    }
  };
}
