/** Types of an endpoint: the parts of the gateway that it may use, and its steps for each method. */
import type { RequestHandler } from 'express';
import type { EndpointMethod, EndpointName } from '../../config/schema/endpoint-table.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Keyring } from '../../crypto/keyring.ts';
import type { AppHooks } from '../../hooks/hook-runner.ts';
import type { Audit } from '../../observe/audit.ts';
import type { PendingLogins } from '../../oidc/login/pending-login.ts';
import type { EndSessions } from '../../oidc/logout/end-sessions.ts';
import type { Revoker } from '../../oidc/logout/revoker.ts';
import type { Refresher } from '../../oidc/refresh/refresher.ts';
import type { SignInProviders } from '../../oidc/sign-in/sign-in-providers.ts';
import type { ReturnPath } from '../../policy/return-url.ts';
import type { Pages } from '../../responses/pages.ts';
import type { Arrivals } from '../../session/arrivals.ts';
import type { CookieSettings } from '../../session/cookies.ts';
import type { SessionDirectory } from '../../session/session-directory.ts';
import type { SessionHooks } from '../../session/session-hooks.ts';
import type { Sessions } from '../../session/session-types.ts';
import type { Store } from '../../store/port/store.ts';
import type { RateLimits } from './rate-limit.ts';

/** What endpoints are built from; each takes the parts that it needs with `Pick`. */
export interface EndpointParts {
  config: Config;
  cookies: CookieSettings;
  keyring: Keyring;
  store: Store;
  sessions: Sessions;
  directory: SessionDirectory;
  providers: SignInProviders;
  pending: PendingLogins;
  arrivals: Arrivals;
  revoker: Revoker;
  refresher: Pick<Refresher, 'refreshOnDemand'>;
  endSessions: EndSessions;
  /** Closes the open streams of a session on this instance. */
  closeStreams: (key: string) => void;
  returnPath: ReturnPath;
  rateLimits: RateLimits;
  pages: Pages;
  audit: Audit;
  hooks: Pick<AppHooks, 'login' | 'session'>;
  sessionHooks: SessionHooks;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

/** The steps of an endpoint for each method of its row in the table, in the order in which they run. */
export type EndpointSteps<Name extends EndpointName> = Readonly<
  Record<EndpointMethod<Name>, readonly RequestHandler[]>
>;
