/** The claims about a user that rules name: taken from the ID token and UserInfo, and kept with the tokens of a session. */

import { identityClaimsOf } from '../../config/changes/header-changes.ts';
import { signInProviders } from '../../config/schema/providers.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { providerIdOf, type TokenRecord } from '../../session/session-types.ts';
import { claimAt } from '../products/base/claims.ts';
import type { Claims } from '../products/base/facts.ts';
import { storedClaims } from '../provider/id-token.ts';

/** The most that a session keeps, in characters of JSON: many sessions are in memory. */
const MAX_SIZE = 4096;

/** Claims about the sign-in, which only the ID token states: UserInfo need not be signed (OIDC Core section 5.3.2). */
export const SIGN_IN_CLAIMS: ReadonlySet<string> = new Set(['iss', 'sub', 'acr', 'amr', 'auth_time']);

/** Adds the claims to a token record whose ID token has been verified. */
export type WithIdentity = (tokens: TokenRecord) => TokenRecord;

/** The claims that rules and claim headers name; those that the gateway adds itself start with `@`. */
const pathsOf = ({ routes }: Pick<Config, 'routes'>) => [
  ...new Set(
    routes.flatMap((route) => [
      ...route.rules.flatMap(({ identity = {} }) => Object.keys(identity)),
      ...(route.claimsFrom === 'identity'
        ? Object.values(route.claimHeaders).filter((path) => !path.startsWith('@'))
        : []),
      ...identityClaimsOf(route),
    ]),
  ),
];

/**
 * The claims of the ID token, and over them those of UserInfo. `email_verified` counts for the address beside which it stands
 * (OIDC Core section 5.1).
 */
export function userClaims(idToken: Claims, userInfo: Claims = {}): Claims {
  const further = Object.entries(userInfo).filter(([name]) => !SIGN_IN_CLAIMS.has(name));
  const { email_verified: verified } = userInfo.email === undefined ? idToken : userInfo;
  return { ...idToken, ...Object.fromEntries(further), email_verified: verified };
}

/** The claims without an address that is not verified: at some providers users choose their own. */
function withoutUnverifiedEmail({ email, ...claims }: Claims, { trustEmail }: ProviderConfig): Claims {
  return email !== undefined && (claims.email_verified === true || trustEmail) ? { ...claims, email } : claims;
}

/** Creates the function for a provider. It returns the record unchanged where no rule names a claim. */
export function createWithIdentity(
  config: Pick<Config, 'routes'>,
  provider: ProviderConfig,
  log: Pick<Logger, 'warn'>,
): WithIdentity {
  const paths = pathsOf(config);
  if (paths.length === 0) return (tokens) => tokens;
  return function withIdentity(tokens) {
    const claims = withoutUnverifiedEmail(userClaims(storedClaims(tokens.idToken), tokens.userInfo), provider);
    const identity = Object.fromEntries(
      paths.map((path) => [path, claimAt(claims, path)]).filter(([, value]) => value !== undefined),
    );
    if (JSON.stringify(identity).length <= MAX_SIZE) return { ...tokens, identity };
    log.warn({ claims: paths }, 'the claims that rules name are too long to keep; rules with identity deny this user');
    return { ...tokens, identity: {} };
  };
}

/** Creates the function for the sessions of all providers, under the rules and providers of this configuration. It logs nothing. */
export function createSessionIdentity(config: Config): WithIdentity {
  const silent = { warn: () => undefined };
  const byId = new Map(
    signInProviders(config).map((provider) => [provider.id, createWithIdentity(config, provider, silent)]),
  );
  return (tokens) => byId.get(providerIdOf(tokens))?.(tokens) ?? tokens;
}
