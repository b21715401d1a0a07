/** One provider at which users sign in, with everything that belongs to it: its client, sign-ins, refreshes and logout tokens. */
import { redirectUriOf } from '../../config/schema/endpoints.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import type { Audit } from '../../observe/audit.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { Sessions } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import { type AuthorizationCodeFlow, createAuthorizationCodeFlow } from '../login/authorization-code-flow.ts';
import { createLogoutTokenVerifier, type LogoutTokenSubject } from '../logout/logout-token.ts';
import type { Revoker } from '../logout/revoker.ts';
import type { Provider } from '../provider/provider.ts';
import { createRefresher, type Refresher } from '../refresh/refresher.ts';
import { createWithIdentity } from '../tokens/identity-claims.ts';
import type { CheckAccessToken } from '../tokens/token-reader.ts';

export interface SignInProvider {
  readonly id: string;
  readonly config: ProviderConfig;
  readonly provider: Provider;
  readonly codeFlow: AuthorizationCodeFlow;
  readonly refresher: Refresher;
  readonly checkLogoutToken: (token: string) => Promise<LogoutTokenSubject>;
}

export interface SignInProviderParts {
  config: Config;
  sessions: Sessions;
  store: Store;
  revoker: Revoker;
  /** Returns the check of the tokens that a provider, given by its id, issues. */
  checkSessionTokenOf: (provider: string) => CheckAccessToken;
  log: Logger;
  audit: Audit;
  sessionHooks: SessionHooks;
  metrics?: Pick<Metrics, 'observeRefreshWait'> | undefined;
  clock: () => number;
}

/** Creates what belongs to a provider; nothing is requested before the provider is started. */
export function createSignInProvider(
  parts: SignInProviderParts,
  settings: ProviderConfig,
  provider: Provider,
): SignInProvider {
  const { config, revoker, clock } = parts;
  const checkSessionToken = parts.checkSessionTokenOf(settings.id);
  const withIdentity = createWithIdentity(config, settings, parts.log);
  return {
    id: settings.id,
    config: settings,
    provider,
    codeFlow: createAuthorizationCodeFlow({
      config: settings,
      absoluteTimeout: config.session.absoluteTimeout,
      withIdentity,
      provider,
      redirectUri: redirectUriOf(config, settings),
      checkSessionToken,
      discard: (tokens) => void revoker.revoke(tokens, 0),
      clock,
    }),
    refresher: createRefresher({ ...parts, config: settings, provider, withIdentity, checkSessionToken }),
    checkLogoutToken: createLogoutTokenVerifier({
      settings,
      tokenType: config.logout.tokenType,
      provider,
      clock,
    }),
  };
}
