/** The table of warnings, and the search for those that a configuration causes. */
import type { Logger } from '../../base/logger.ts';
import { ownUpstream, plainUpstreams, samePort, wildcardHosts } from './addresses.ts';
import {
  hiddenFiles,
  landing,
  landingWithoutPage,
  laxCookie,
  missingFrontend,
  noContentSecurityPolicy,
  persistentCookie,
} from './browser.ts';
import { writableSecrets } from './files.ts';
import {
  httpsWithoutProxy,
  insecureHttp,
  openAdmin,
  openForwardAuth,
  plainOrigins,
  plainStore,
  wideTrustedProxies,
} from './network.ts';
import { openBypass } from './open-bypass.ts';
import { sharedOrigin } from './pages.ts';
import { anyProvider, formPost, trustedEmail } from './providers.ts';
import { clientHeaders, documents, setCookie, uploads, upstreamCaching, upstreamHeaders } from './routes.ts';
import type { Combination, Warning, WarningFacts } from './warning.ts';

export type { Warning } from './warning.ts';

/** Every combination, in the order of the documentation. */
export const COMBINATIONS: readonly Combination[] = [
  insecureHttp,
  httpsWithoutProxy,
  wideTrustedProxies,
  samePort,
  openAdmin,
  openForwardAuth,
  plainStore,
  plainOrigins,
  plainUpstreams,
  ownUpstream,
  wildcardHosts,
  laxCookie,
  persistentCookie,
  noContentSecurityPolicy,
  trustedEmail,
  formPost,
  anyProvider,
  missingFrontend,
  hiddenFiles,
  landing,
  landingWithoutPage,
  clientHeaders,
  upstreamHeaders,
  setCookie,
  upstreamCaching,
  documents,
  uploads,
  sharedOrigin,
  openBypass,
  writableSecrets,
];

/** The warnings of a valid configuration; printed at every start. */
export function findWarnings(facts: WarningFacts): Warning[] {
  return COMBINATIONS.flatMap(({ id, hint, find }) => find(facts).map((message) => ({ id, message, hint })));
}

/** The warnings without those about listeners, for a gateway that is mounted in an application. */
export function withoutListenerWarnings(warnings: readonly Warning[]): Warning[] {
  const ofListeners = COMBINATIONS.filter(({ listener }) => listener).map(({ id }) => id);
  return warnings.filter(({ id }) => !ofListeners.includes(id));
}

/** One line for a terminal. */
export const formatWarning = ({ id, message, hint }: Warning) => `warning: ${message}; ${hint} (${id})\n`;

/** Writes one line for each warning. */
export function logWarnings(log: Pick<Logger, 'warn'>, warnings: readonly Warning[]): void {
  for (const { id, message, hint } of warnings) log.warn({ warning: id, hint }, message);
}
