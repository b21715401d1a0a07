/** The table of warnings, and the search for those that a configuration causes. */
import type { Logger } from '../../base/logger.ts';
import { appsOf } from '../schema/apps.ts';
import { ownUpstream, plainUpstreams, samePort, wildcardHosts } from './addresses.ts';
import { appPath } from './apps.ts';
import {
  hiddenFiles,
  landing,
  landingWithoutPage,
  laxCookie,
  missingFrontend,
  noContentSecurityPolicy,
  persistentCookie,
  sharedCookie,
} from './browser.ts';
import { noCertificates, unboundCertificate } from './certificates.ts';
import { weakColors } from './colors.ts';
import { movedPaths, readableKeys, writableSecrets } from './files.ts';
import {
  httpsWithoutProxy,
  insecureHttp,
  insecureUpstreams,
  openAdmin,
  openForwardAuth,
  pageWithoutSecret,
  plainOrigins,
  plainStore,
  wideTrustedProxies,
} from './network.ts';
import { openBypass } from './open-bypass.ts';
import { missingTexts } from './page-texts.ts';
import { sharedOrigin } from './pages.ts';
import { anyProvider, formPost, trustedEmail } from './providers.ts';
import {
  clientHeaders,
  documents,
  limitsWithoutEffect,
  maintenance,
  openSecret,
  setCookie,
  uploads,
  upstreamCaching,
  upstreamHeaders,
} from './routes.ts';
import { weakKeys, writtenSecrets } from './secrets.ts';
import type { Combination, Warning, WarningFacts } from './warning.ts';

export type { Warning } from './warning.ts';

/** Every combination, in the order of the documentation. */
export const COMBINATIONS: readonly Combination[] = [
  insecureHttp,
  httpsWithoutProxy,
  wideTrustedProxies,
  noCertificates,
  unboundCertificate,
  samePort,
  openAdmin,
  pageWithoutSecret,
  openForwardAuth,
  plainStore,
  plainOrigins,
  plainUpstreams,
  insecureUpstreams,
  ownUpstream,
  wildcardHosts,
  appPath,
  laxCookie,
  persistentCookie,
  sharedCookie,
  noContentSecurityPolicy,
  trustedEmail,
  formPost,
  anyProvider,
  missingFrontend,
  hiddenFiles,
  landing,
  landingWithoutPage,
  weakColors,
  missingTexts,
  clientHeaders,
  upstreamHeaders,
  setCookie,
  upstreamCaching,
  documents,
  uploads,
  limitsWithoutEffect,
  openSecret,
  maintenance,
  sharedOrigin,
  openBypass,
  writableSecrets,
  readableKeys,
  movedPaths,
  writtenSecrets,
  weakKeys,
];

const MAX_NAMES = 5;

/** The names of the apps that have a warning; empty if all have it. */
function labelOf(ids: readonly string[], count: number): string {
  if (ids.length === count) return '';
  const more = ids.length - MAX_NAMES;
  const names = ids.slice(0, MAX_NAMES).join(', ');
  return `${ids.length === 1 ? 'app' : 'apps'} ${names}${more > 0 ? ` and ${more} more` : ''}: `;
}

/** The messages of a combination, each with the apps that have it. */
function messagesOf({ find, shared }: Combination, facts: WarningFacts): string[] {
  const apps = appsOf(facts.config);
  if (shared) return [...find(facts)];
  const idsOf = new Map<string, string[]>();
  for (const config of apps)
    for (const message of find({ ...facts, config })) {
      const ids = idsOf.get(message);
      if (ids) ids.push(config.app.id);
      else idsOf.set(message, [config.app.id]);
    }
  return [...idsOf].map(([message, ids]) => labelOf([...new Set(ids)], apps.length) + message);
}

/** The warnings of a valid configuration, printed at every start. A warning of some of several apps names them. */
export function findWarnings(facts: WarningFacts): Warning[] {
  return COMBINATIONS.flatMap((combination) => {
    const { id, hint } = combination;
    return messagesOf(combination, facts).map((message) => ({ id, message, hint }));
  });
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
