/** Schema of the options of a route that make it an API or a site, and tell the upstream who the user is. */
import { z } from 'zod';
import { headerName } from '../fields/fields.ts';

/** Authority of a URL; with a dot, a port or brackets, so that it is no misspelt word of the option. */
const HOST =
  /^(?=.*[.:])(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9A-Fa-f:.]{2,45}\])(?::[1-9]\d{0,4})?$/;

/** What is served: an API for scripts, or pages that a browser opens. */
export const site = {
  kind: z
    .enum(['api', 'page'])
    .default('api')
    .describe(
      'page: people open addresses of this route in a browser. Without a session a navigation is redirected to the sign-in, and requests need no CSRF header: where they come from decides. Other defaults: hostHeader public, setCookie forward, cache browser, websocket true, claimsFrom identity, documents forward, session.cookie.sameSite lax, and hsts.includeSubDomains false.',
    ),
  crossSiteNavigation: z
    .enum(['allow', 'confirm'])
    .default('allow')
    .describe(
      'Only with kind: page. confirm: a link on another site leads to a page that asks first, for sites that change state by GET.',
    ),
  logoutPaths: z
    .array(
      z
        .string()
        .regex(/^\/[^\s?#*\\]*$/, 'expected a literal path that starts with /')
        .max(500),
    )
    .default([])
    .describe('Only with kind: page. Paths of the site that sign out: the gateway ends the session in their place.'),
  hostHeader: z
    .union([
      z.enum(['upstream', 'public']),
      z.string().regex(HOST, 'expected upstream, public, or a host name with a dot or a port, such as orders.internal'),
    ])
    .default('upstream')
    .describe(
      'Host that the upstream receives. public: the host of publicUrl, for sites that build absolute links or compare Origin with Host; the default with kind: page. upstream: the host of the upstream URL. Any other text is a host of its own, such as orders.internal or orders:8080.',
    ),
};

/** Claims of the user that the upstream receives as headers. */
export const claims = {
  claimHeaders: z
    .record(headerName(), z.string().min(1))
    .default({})
    .describe(
      'Map of header names to claim paths. Values are percent-encoded UTF-8, from UserInfo if provider.userInfo is on, otherwise from a JWT access token. @subject is the issuer and the subject (issuer|sub), @provider the id of the provider.',
    ),
  claimsFrom: z
    .enum(['accessToken', 'identity'])
    .default('accessToken')
    .describe(
      'Where claim headers come from. identity: the ID token and UserInfo of a session; a bearer token has none. email counts only with email_verified: true, unless provider.trustEmail is on.',
    ),
  claimEncoding: z
    .enum(['percent', 'utf8'])
    .default('percent')
    .describe(
      'Encoding of claim headers. utf8: the text as it is, for applications that do not decode it; a value with control characters or with spaces at its ends is omitted, and a list with a comma in an element.',
    ),
};
