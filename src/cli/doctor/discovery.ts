/** Discovery as the gateway does it, and the usual mistakes in an issuer. */
import { announcedIssuer, kindOf } from '../../config/schema/provider-kind.ts';
import type { ProviderConfig } from '../../config/schema/schema.ts';
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

/** Other ways to write an issuer that people mix up: Keycloak's old path, Entra ID's old version, a path too much. */
function otherSpellings({ issuer, kind }: ProviderConfig): string[] {
  const { origin, pathname } = new URL(issuer);
  const product = kind ?? kindOf(issuer);
  if (product === 'keycloak' || pathname.includes('/realms/')) {
    const at = pathname.indexOf('/realms/');
    const realm = pathname.slice(at).split('/').slice(0, 3).join('/');
    const before = pathname.slice(0, at);
    return [`${origin}${before.replace(/\/auth$/, '')}${realm}`, `${origin}${before}/auth${realm}`];
  }
  if (product === 'entra') return [`${issuer.replace(/\/(v2\.0\/?)?$/, '')}/v2.0`];
  return [`${origin}/`, issuer.replace(/\/\.well-known.*$/, '')];
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
    const auth = /\/auth\/realms\//.test(elsewhere) !== /\/auth\/realms\//.test(config.issuer);
    const why = auth ? ' Keycloak before 17 has /auth in its path, newer ones have it only when told so.' : '';
    return fail(NAME, says, `Write provider.issuer: ${elsewhere}.${why}`);
  }
  if (/realm does not exist/i.test(answer.text))
    return fail(
      NAME,
      `${says}: Keycloak has no realm of this name`,
      'Look for the realm in the administration console; capitals count.',
    );
  if (/AADSTS(90002|900023)/.test(answer.text))
    return fail(
      NAME,
      `${says}: Entra ID knows no such tenant`,
      'Write the tenant id (a GUID) into the issuer, and use the login host of your cloud.',
    );
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
  if (announced.includes('{tenantid}'))
    return fail(
      NAME,
      `${says}: this issuer of Entra ID stands for many tenants`,
      'Write the tenant id in place of common or organizations, or name the tenants in provider.tenants.',
    );
  if (/^https:\/\/sts\.windows\.net\//.test(announced))
    return fail(NAME, `${says}: that is version 1 of Entra ID`, `Write provider.issuer: ${bare(issuer)}/v2.0`);
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
