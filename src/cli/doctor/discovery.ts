/** Checks of discovery: the metadata document, the issuer and its usual mistakes, and the clock. */
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { describeNetworkError, isCertificateError } from '../../base/system/unreachable.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { DoctorHints } from '../../oidc/products/base/product.ts';
import { announcedIssuer } from '../../oidc/products/issuers.ts';
import { PRODUCTS, productOf } from '../../oidc/products/registry.ts';
import { readMetadataMembers } from '../../oidc/provider/metadata-members.ts';

export interface ProviderResponse {
  status: number;
  headers: Headers;
  text: string;
}
/** Sends a GET request as the gateway does: internal URL, client certificate, timeout, no redirects. */
export type GetFromProvider = (url: string, accept?: 'application/json' | 'text/html') => Promise<ProviderResponse>;

export type Metadata = Readonly<Record<string, unknown>>;

export interface DiscoveryResult {
  checks: Check[];
  /** Undefined when discovery failed, so that nothing else about the provider can be checked. */
  metadata: Metadata | undefined;
}

const NAME = 'discovery';
/** The Date header has a resolution of one second, and the response takes time. */
const NOTABLE_CLOCK_DIFFERENCE_MS = 5_000;
const metadataUrl = (issuer: string) => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

/** The URL that is requested: at the internal address, if there is one. */
function requestedUrl({ issuer, internalUrl }: ProviderConfig): string {
  const { origin, pathname } = new URL(metadataUrl(issuer));
  return `${internalUrl ?? origin}${pathname}`;
}

function parseMetadata({ status, text }: ProviderResponse): Metadata | undefined {
  if (status !== 200) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) && 'issuer' in value ? readMetadataMembers(value) : undefined;
  } catch {
    return undefined;
  }
}

/** Similar issuers: those that the product is confused with, or the origin and the URL without the document. */
function similarIssuers({ issuer, kind }: ProviderConfig): readonly string[] {
  const url = new URL(issuer);
  const product = PRODUCTS.find(({ doctor }) => doctor?.resembles?.(url)) ?? productOf(issuer, kind);
  return product.doctor?.issuerSpellings?.(issuer) ?? [`${url.origin}/`, issuer.replace(/\/\.well-known.*$/, '')];
}

/** The first defined result of a hint of any product. */
function firstHint<T>(hint: (doctor: DoctorHints) => T | undefined): T | undefined {
  for (const { doctor } of PRODUCTS) {
    const result = doctor && hint(doctor);
    if (result !== undefined) return result;
  }
  return undefined;
}

/** The issuer in the metadata at one of the similar issuers. */
async function findSimilarIssuer(config: ProviderConfig, get: GetFromProvider): Promise<string | undefined> {
  for (const issuer of similarIssuers(config)) {
    if (issuer === config.issuer) continue;
    const response = await get(metadataUrl(issuer)).catch(() => undefined);
    const announced = response && parseMetadata(response)?.issuer;
    if (typeof announced === 'string') return announced;
  }
  return undefined;
}

async function missingMetadata(
  config: ProviderConfig,
  response: ProviderResponse,
  get: GetFromProvider,
): Promise<Check> {
  const { status, headers, text } = response;
  const message = `${metadataUrl(config.issuer)} responds with ${status}${status === 200 ? ' without metadata' : ''}`;
  const similar = await findSimilarIssuer(config, get);
  if (similar !== undefined) {
    const reason = firstHint((doctor) => doctor.explainSpelling?.(config.issuer, similar));
    return fail(NAME, message, `Set provider.issuer: ${similar}.${reason === undefined ? '' : ` ${reason}`}`);
  }
  const known = firstHint(({ discoveryErrors }) => discoveryErrors?.find(({ pattern }) => pattern.test(text)));
  if (known) return fail(NAME, `${message}: ${known.message}`, known.hint);
  if (status >= 300 && status < 400)
    return fail(
      NAME,
      `${message}, a redirect to ${headers.get('location')}`,
      'The gateway does not follow redirects here. Set provider.issuer to the issuer at the target.',
    );
  return fail(
    NAME,
    message,
    'Open this URL in a browser. provider.issuer is the part before /.well-known, exactly as in the metadata.',
  );
}

/** Issuers are compared byte for byte (OpenID Connect Discovery section 4.3), so a similar issuer is a different one. */
function issuerMismatch({ issuer, internalUrl }: ProviderConfig, announced: string): Check {
  const message = `provider.issuer is ${issuer}, but the metadata names ${announced}`;
  const withoutSlash = (text: string) => text.replace(/\/$/, '');
  if (withoutSlash(announced) === withoutSlash(issuer))
    return fail(NAME, `${message}: the trailing slash differs`, `Set provider.issuer: ${announced}`);
  const known = firstHint((doctor) => doctor.explainAnnounced?.(issuer, announced));
  if (known) return fail(NAME, `${message}: ${known.message}`, known.hint);
  if (announced.replace(/^https?:/, '') === issuer.replace(/^https?:/, ''))
    return fail(
      NAME,
      `${message}: one is http, the other https`,
      'Behind a proxy, configure the public URL at the provider (Keycloak: hostname, proxy-headers). Otherwise set provider.issuer as announced.',
    );
  if (URL.parse(announced)?.pathname === new URL(issuer).pathname) {
    const hint = internalUrl
      ? `Set provider.issuer: ${announced}, and keep provider.internalUrl for requests from this host.`
      : `Set provider.issuer: ${announced}. If this host cannot reach it, add provider.internalUrl: ${new URL(issuer).origin}.`;
    return fail(NAME, `${message}: the host differs`, hint);
  }
  return fail(NAME, message, `Set provider.issuer: ${announced}, if this is the intended provider.`);
}

/** Compares the Date header with the interval between sending the request and receiving the response. */
function clockCheck({ headers }: ProviderResponse, sentAt: number, receivedAt: number, tolerance: number): Check[] {
  const date = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(date)) return [];
  const ahead = date - receivedAt;
  const behind = sentAt - (date + 1000);
  const difference = Math.max(0, ahead, behind);
  const message = `the clock of the provider is ${ahead > 0 ? 'ahead' : 'behind'} by about ${Math.round(difference / 1000)} s`;
  const hint =
    'Synchronize both hosts with NTP. With different clocks, ID tokens seem to be expired or issued in the future.';
  if (difference > tolerance)
    return [fail('clock', `${message}, more than provider.clockTolerance (${tolerance / 1000} s)`, hint)];
  return difference > NOTABLE_CLOCK_DIFFERENCE_MS
    ? [warn('clock', message, hint)]
    : [ok('clock', 'the clocks of provider and gateway agree')];
}

/** Fetches the metadata and checks the issuer and the clock. */
export async function checkDiscovery(
  config: ProviderConfig,
  get: GetFromProvider,
  clock: () => number,
): Promise<DiscoveryResult> {
  const sentAt = clock();
  let response: ProviderResponse;
  try {
    response = await get(metadataUrl(config.issuer));
  } catch (error) {
    const hint = isCertificateError(error)
      ? 'Set provider.ca to a PEM file with the CA, or replace the certificate.'
      : 'Check host name, port and firewall. If the provider has another address from this host, set provider.internalUrl.';
    return {
      checks: [fail(NAME, `${requestedUrl(config)}: ${describeNetworkError(error)}`, hint)],
      metadata: undefined,
    };
  }
  const receivedAt = clock();
  const clocks = clockCheck(response, sentAt, receivedAt, config.clockTolerance);
  const metadata = parseMetadata(response);
  if (!metadata) return { checks: [await missingMetadata(config, response, get), ...clocks], metadata: undefined };
  const announced = String(metadata.issuer);
  if (announced !== announcedIssuer(config))
    return { checks: [issuerMismatch(config, announced), ...clocks], metadata: undefined };
  const elapsed = Math.round(receivedAt - sentAt);
  return { checks: [ok(NAME, `${config.issuer} responds in ${elapsed} ms`), ...clocks], metadata };
}
