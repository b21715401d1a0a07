/** Discovery as the gateway does it, and the usual mistakes in an issuer. */

import type { ProviderConfig } from '../../config/schema/schema.ts';
import { announcedIssuer } from '../../oidc/products/issuers.ts';
import type { DoctorHints } from '../../oidc/products/product.ts';
import { PRODUCTS, productOf } from '../../oidc/products/registry.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { isCertificateFault, networkWords } from './network.ts';

/** An answer of the provider. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
}
/** Asks the provider the way the gateway does: internal address, client certificate, time-out, no redirects. */
export type Ask = (url: string, accept?: 'application/json' | 'text/html') => Promise<Answer>;

export type Metadata = Readonly<Record<string, unknown>>;

export interface Discovered {
  checks: Check[];
  /** Undefined when the rest cannot be looked at. */
  metadata: Metadata | undefined;
}

const NAME = 'discovery';
const documentOf = (issuer: string) => `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

function parsed({ status, text }: Answer): Metadata | undefined {
  if (status !== 200) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'issuer' in value ? (value as Metadata) : undefined;
  } catch {
    return undefined;
  }
}

/** Other spellings of the issuer: those that its product is confused with, else the origin, and the address without the document. */
function otherSpellings({ issuer, kind }: ProviderConfig): readonly string[] {
  const url = new URL(issuer);
  const product = PRODUCTS.find(({ doctor }) => doctor?.resembles?.(url)) ?? productOf(issuer, kind);
  return product.doctor?.issuerSpellings?.(issuer) ?? [`${url.origin}/`, issuer.replace(/\/\.well-known.*$/, '')];
}

/** The first defined result of a hint of any product. */
function firstHint<T>(hint: (doctor: DoctorHints) => T | undefined): T | undefined {
  for (const { doctor } of PRODUCTS) {
    const found = doctor && hint(doctor);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The issuer that the provider announces at one of the other spellings. */
async function foundElsewhere(config: ProviderConfig, ask: Ask): Promise<string | undefined> {
  for (const issuer of otherSpellings(config)) {
    if (issuer === config.issuer) continue;
    const answer = await ask(documentOf(issuer)).catch(() => undefined);
    const announced = answer && parsed(answer)?.issuer;
    if (typeof announced === 'string') return announced;
  }
  return undefined;
}

async function notThere(config: ProviderConfig, answer: Answer, ask: Ask): Promise<Check> {
  const says = `${documentOf(config.issuer)} answers ${answer.status}${answer.status === 200 ? ' without metadata' : ''}`;
  const elsewhere = await foundElsewhere(config, ask);
  if (elsewhere !== undefined) {
    const why = firstHint((doctor) => doctor.explainSpelling?.(config.issuer, elsewhere));
    return fail(NAME, says, `Write provider.issuer: ${elsewhere}.${why === undefined ? '' : ` ${why}`}`);
  }
  const known = firstHint(({ discoveryErrors }) => discoveryErrors?.find(({ pattern }) => pattern.test(answer.text)));
  if (known) return fail(NAME, `${says}: ${known.message}`, known.hint);
  if (answer.status >= 300 && answer.status < 400)
    return fail(
      NAME,
      `${says}, a redirect to ${answer.headers.get('location')}`,
      'The gateway follows no redirects here. Write the address that it leads to.',
    );
  return fail(
    NAME,
    says,
    'Open this address in a browser. provider.issuer is the part before /.well-known, as the provider writes it.',
  );
}

/** Issuers are compared byte for byte (OpenID Connect Discovery 4.3), so nearly the same is another one. */
function issuerMistake(config: ProviderConfig, announced: string): Check {
  const { issuer, internalUrl } = config;
  const says = `provider.issuer is ${issuer}, the provider calls itself ${announced}`;
  const bare = (text: string) => text.replace(/\/$/, '');
  if (bare(announced) === bare(issuer))
    return fail(NAME, `${says}: the slash at the end differs`, `Write provider.issuer: ${announced}`);
  const known = firstHint((doctor) => doctor.explainAnnounced?.(issuer, announced));
  if (known) return fail(NAME, `${says}: ${known.message}`, known.hint);
  if (announced.replace(/^https?:/, '') === issuer.replace(/^https?:/, ''))
    return fail(
      NAME,
      `${says}: http and https differ`,
      'Behind a proxy the provider must be told its public address (Keycloak: hostname, proxy-headers). Otherwise write the issuer as it is announced.',
    );
  const there = URL.parse(announced);
  if (there && there.pathname === new URL(issuer).pathname) {
    const mend = internalUrl
      ? `Write provider.issuer: ${announced}, and keep provider.internalUrl for the way from here.`
      : `Write provider.issuer: ${announced}. If that is not reachable from here, add provider.internalUrl: ${new URL(issuer).origin}.`;
    return fail(NAME, `${says}: the host differs`, mend);
  }
  return fail(NAME, says, `Write provider.issuer: ${announced}, if that is the provider you mean.`);
}

/** Time in a Date header has a resolution of a second; what is within it says nothing. */
function clockCheck({ headers }: Answer, asked: number, now: number, tolerance: number): Check[] {
  const theirs = Date.parse(headers.get('date') ?? '');
  if (Number.isNaN(theirs)) return [];
  const early = theirs - now;
  const late = asked - (theirs + 1000);
  const apart = Math.max(0, early, late);
  const says = `the clock of the provider is ${early > 0 ? 'ahead' : 'behind'} by about ${Math.round(apart / 1000)} s`;
  const mend =
    'Let both machines take their time from NTP. ID tokens look expired, or from the future, when clocks differ.';
  if (apart > tolerance)
    return [fail('clock', `${says}, more than provider.clockTolerance (${tolerance / 1000} s)`, mend)];
  return apart > 5_000 ? [warn('clock', says, mend)] : [ok('clock', 'the clocks of provider and gateway agree')];
}

/** Asks for the metadata. */
export async function checkDiscovery(config: ProviderConfig, ask: Ask, clock: () => number): Promise<Discovered> {
  const asked = clock();
  let answer: Answer;
  try {
    answer = await ask(documentOf(config.issuer));
  } catch (error) {
    const mend = isCertificateFault(error)
      ? 'Give the CA with the environment variable NODE_EXTRA_CA_CERTS, or mend the certificate.'
      : 'Look at the name, the port and the firewall. If the provider has another address from here, set provider.internalUrl.';
    return { checks: [fail(NAME, `${config.issuer}: ${networkWords(error)}`, mend)], metadata: undefined };
  }
  const now = clock();
  const clocks = clockCheck(answer, asked, now, config.clockTolerance);
  const metadata = parsed(answer);
  if (!metadata) return { checks: [await notThere(config, answer, ask), ...clocks], metadata: undefined };
  const announced = String(metadata.issuer);
  if (announced !== announcedIssuer(config))
    return { checks: [issuerMistake(config, announced), ...clocks], metadata: undefined };
  return { checks: [ok(NAME, `${config.issuer} answers in ${Math.round(now - asked)} ms`), ...clocks], metadata };
}
