/** Checks of the settings themselves: weakened security, cookie, TLS, audience and public URL. */
import { type Check, fail, ok, warn } from '../../base/check.ts';
import { describeNetworkError, isCertificateError } from '../../base/system/unreachable.ts';
import { appsOf } from '../../config/schema/apps.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Warning } from '../../config/warnings/warnings.ts';
import { productOf } from '../../oidc/products/registry.ts';
import { cookieSettings } from '../../session/cookies.ts';
import { checksOfEach, labelled } from './labels.ts';
import { requestStatus } from './network.ts';

/** Whether two hosts may share cookies; approximate, because it works without the public suffix list. */
const isSameSite = (a: string, b: string) => a === b || a.endsWith(`.${b}`) || b.endsWith(`.${a}`);

function cookieChecks(config: Config): Check[] {
  const { sessionName, sessionOptions } = cookieSettings(config);
  const { sameSite, sharedDomain } = config.session.cookie;
  const secure = sessionOptions.secure ? 'Secure, ' : '';
  const domain = sharedDomain === undefined ? '' : `, Domain=${sharedDomain}`;
  const attributes = `${sessionName}, HttpOnly, ${secure}SameSite=${sameSite}${domain}`;
  const { hostname } = new URL(config.publicUrl);
  const crossSite = config.cors.allowedOrigins
    .filter((origin) => !isSameSite(new URL(origin).hostname, hostname))
    .map((origin) =>
      warn(
        'cookie',
        `browsers do not send the session cookie with requests of pages at ${origin}: it is another site`,
        'Serve the front end and the gateway below one registrable domain, preferably from the same origin.',
      ),
    );
  if (sessionOptions.secure) return [ok('cookie', attributes), ...crossSite];
  const hint =
    'Acceptable on a development machine. Otherwise set publicUrl to https://, which makes the cookie __Host- and Secure.';
  return [warn('cookie', `${attributes}: not Secure, because publicUrl is plain HTTP`, hint), ...crossSite];
}

async function publicUrlCheck({ publicUrl, provider, listen }: Config): Promise<Check> {
  const name = 'public URL';
  if (publicUrl.startsWith('http:')) return ok(name, `${publicUrl} is plain HTTP: no certificate to check`);
  try {
    await requestStatus(publicUrl, { timeout: provider.timeout });
    return ok(name, `${publicUrl} responds, and its certificate is trusted`);
  } catch (error) {
    const message = `${publicUrl}: ${describeNetworkError(error)}`;
    return isCertificateError(error)
      ? fail(
          name,
          message,
          `Browsers refuse this certificate too. Replace it ${listen.tls ? 'in listen.tls' : 'at the proxy that terminates TLS in front of the gateway'}.`,
        )
      : warn(
          name,
          message,
          'Acceptable if the gateway or its front proxy is not running yet, or is not reachable from this host.',
        );
  }
}

/** Some products issue a token that an API can read only when the authorization request names the API. */
function audienceCheck({ provider, accessTokens, routes }: Config): Check[] {
  const { missingAudience } = productOf(provider.issuer, provider.kind).doctor ?? {};
  if (!missingAudience || routes.length === 0) return [];
  const audience = provider.authorizationParams[missingAudience.param ?? 'audience'];
  if (audience !== undefined) return [ok('audience', `access tokens are requested for ${audience}`)];
  const { message, hint } = missingAudience;
  return [accessTokens ? fail('audience', message, hint) : warn('audience', message, hint)];
}

/** A hint as a sentence. */
const capitalized = (text: string) => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;

/** Checks of the settings of each app; `warnings` are those of the start. */
export async function settingsChecks(config: Config, warnings: readonly Warning[]): Promise<Check[]> {
  const apps = appsOf(config);
  const ofApps = await checksOfEach(apps, async (app) =>
    labelled(apps.length > 1 ? app.app.id : '', [
      ...cookieChecks(app),
      ...audienceCheck(app),
      await publicUrlCheck(app),
    ]),
  );
  return [...warnings.map(({ message, hint }) => warn('settings', message, capitalized(hint))), ...ofApps];
}
