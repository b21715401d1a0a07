/** Reads the metadata of a provider, to find a wrong issuer before anything is written. */
import { messageOf } from '../../base/errors.ts';

const TIMEOUT_MS = 5_000;

export interface Discovered {
  /** The issuer as the provider spells it. */
  readonly issuer: string;
  readonly scopes: readonly string[] | undefined;
  readonly clientAuth: readonly string[] | undefined;
}

const textsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : undefined;

/** The reason why a request got no response; `fetch` itself says only that it failed. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? `${String(cause.code)}: ` : '';
  return code + messageOf(cause);
}

async function metadata(url: string): Promise<Record<string, unknown>> {
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS), headers: { accept: 'application/json' } });
  } catch (error) {
    throw new Error(`${url} does not respond (${causeOf(error)})`);
  }
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(`${url} responded with ${response.status} ${response.statusText}`.trimEnd());
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Error(`${url} responded with ${response.status}, but not with a JSON object`);
  return body as Record<string, unknown>;
}

/** The metadata. Rejects with an Error that has the URL and the status. */
export async function discover(issuer: string): Promise<Discovered> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const found = await metadata(url);
  const named = typeof found.issuer === 'string' ? found.issuer : '';
  // Entra ID has a placeholder there, which stands for the tenant.
  const isSame = named.replace(/\/$/, '') === issuer.replace(/\/$/, '') || named.includes('{tenantid}');
  if (!isSame) throw new Error(`${url} is the metadata of another issuer: ${named === '' ? 'it names none' : named}`);
  return {
    issuer: named.includes('{tenantid}') ? issuer : named,
    scopes: textsOf(found.scopes_supported),
    clientAuth: textsOf(found.token_endpoint_auth_methods_supported),
  };
}
