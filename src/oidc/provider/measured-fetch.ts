/** A fetch whose requests to the provider are timed, by kind of endpoint. */
import type { CustomFetch, ServerMetadata } from 'openid-client';
import type { Metrics, ProviderEndpoint, ProviderOutcome } from '../../observe/metrics/metrics.ts';

const KINDS = {
  jwks_uri: 'jwks',
  token_endpoint: 'token',
  userinfo_endpoint: 'userinfo',
  revocation_endpoint: 'revocation',
  introspection_endpoint: 'introspection',
  pushed_authorization_request_endpoint: 'par',
} as const satisfies Partial<Record<keyof ServerMetadata, ProviderEndpoint>>;

/** The kind of the endpoint at an address; the address itself would be a label without bounds. */
function endpointOf(url: string, metadata: ServerMetadata | undefined): ProviderEndpoint {
  const address = url.split('?', 1)[0] ?? url;
  if (address.endsWith('/.well-known/openid-configuration')) return 'discovery';
  const aliases = metadata?.mtls_endpoint_aliases ?? {};
  for (const [name, kind] of Object.entries(KINDS))
    if (metadata?.[name] === address || aliases[name] === address) return kind;
  return 'other';
}

function outcomeOf(status: number): ProviderOutcome {
  if (status < 400) return 'ok';
  return status < 500 ? 'refused' : 'error';
}

/** Wraps the fetch of one provider; `metadata` is what is known of it by then. */
export function measureFetch(
  fetch: CustomFetch,
  metadata: () => ServerMetadata | undefined,
  metrics: Pick<Metrics, 'observeProviderRequest'> | undefined,
): CustomFetch {
  if (!metrics) return fetch;
  return async function measuredFetch(url, options) {
    const since = performance.now();
    const note = (outcome: ProviderOutcome) =>
      metrics.observeProviderRequest(endpointOf(url, metadata()), outcome, (performance.now() - since) / 1000);
    try {
      const response = await fetch(url, options);
      note(outcomeOf(response.status));
      return response;
    } catch (error) {
      note(error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'unreachable');
      throw error;
    }
  };
}
