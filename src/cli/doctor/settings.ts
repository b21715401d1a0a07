/** What the settings alone say: cookie, TLS, who may reach what. */

import type { Config } from '../../config/schema/schema.ts';
import { productOf } from '../../oidc/products/registry.ts';
import { cookieSettings } from '../../session/cookies.ts';
import { type Check, fail, ok, warn } from './check.ts';
import { isCertificateFault, networkWords, statusOf } from './network.ts';

/** Whether two hosts may share cookies, as near as one can tell without the list of public suffixes. */
const sameSite = (a: string, b: string) => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

function cookieChecks(config: Config): Check[] {
  const { sessionName, sessionOptions } = cookieSettings(config);
  const { sameSite: policy } = config.session.cookie;
  const words = `${sessionName}, HttpOnly, ${sessionOptions.secure ? 'Secure, ' : ''}SameSite=${policy}`;
  const own = new URL(config.publicUrl).hostname;
  const strangers = config.cors.allowedOrigins.filter((origin) => !sameSite(new URL(origin).hostname, own));
  const foreign = strangers.map((origin) =>
    warn(
      'cookie',
      `pages of ${origin} will not get the session cookie sent: it is another site`,
      'Serve the front end and the gateway below one registrable domain, best from the same origin.',
    ),
  );
  if (sessionOptions.secure) return [ok('cookie', words), ...foreign];
  const mend =
    'Fine on a developer machine. Elsewhere publicUrl must be https, and the cookie becomes __Host- and Secure.';
  return [warn('cookie', `${words}: not Secure, since publicUrl is plain HTTP`, mend), ...foreign];
}

async function publicUrlCheck({ publicUrl, provider }: Config): Promise<Check> {
  if (publicUrl.startsWith('http:'))
    return ok('public URL', `${publicUrl} is plain HTTP, so there is no TLS to look at`);
  try {
    await statusOf(publicUrl, { timeout: provider.timeout });
    return ok('public URL', `${publicUrl} answers, and its certificate is believed`);
  } catch (error) {
    const says = `${publicUrl}: ${networkWords(error)}`;
    return isCertificateFault(error)
      ? fail(
          'public URL',
          says,
          'Browsers will refuse it too. Mend the certificate at whatever ends TLS in front of the gateway.',
        )
      : warn(
          'public URL',
          says,
          'Fine if the gateway, or the proxy in front of it, does not run yet or is not reached from here.',
        );
  }
}

/** Some products issue a token that an API can read only when the authorization request names the API. */
function audienceCheck({ provider, accessTokens, routes }: Config): Check[] {
  const { missingAudience } = productOf(provider.issuer, provider.kind).doctor ?? {};
  if (!missingAudience || routes.length === 0) return [];
  const { audience } = provider.authorizationParams;
  if (audience !== undefined) return [ok('audience', `access tokens are requested for ${audience}`)];
  const { message, hint } = missingAudience;
  return [accessTokens ? fail('audience', message, hint) : warn('audience', message, hint)];
}

function forwardedCheck(config: Config): Check[] {
  const { listen, publicUrl, trustedProxies } = config;
  if (publicUrl.startsWith('http:') || trustedProxies.length > 0) return [];
  return [
    warn(
      'front proxy',
      `publicUrl is https, the gateway itself speaks HTTP on port ${listen.port}, and trustedProxies is empty`,
      'Something in front must end TLS: list its address in trustedProxies, or sign-ins are refused as not reached over HTTPS.',
    ),
  ];
}

/** All of them. */
export async function settingsChecks(config: Config, warnings: readonly string[]): Promise<Check[]> {
  const unsafe = warnings.map((warning) =>
    warn('settings', warning, 'Take it back unless this is a developer machine.'),
  );
  return [
    ...unsafe,
    ...cookieChecks(config),
    ...forwardedCheck(config),
    ...audienceCheck(config),
    await publicUrlCheck(config),
  ];
}
