/** `bff-gateway doctor`: checks everything that a configuration depends on, and reports faults with hints. */
import type { Check } from '../../base/check.ts';
import type { Loaded } from '../../config/load/load.ts';
import { appsOf } from '../../config/schema/apps.ts';
import { redirectUriOf } from '../../config/schema/endpoints.ts';
import { signInProviders } from '../../config/schema/providers.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { startProbe } from '../../oidc/login/probe.ts';
import { createProviderFetch } from '../../oidc/provider/fetch.ts';
import { createSend } from '../../oidc/provider/send.ts';
import { checkStore } from '../../store/open.ts';
import { certificateChecks } from './certificates.ts';
import { checkDiscovery, type GetFromProvider } from './discovery.ts';
import { checksOfEach, joinLabels, labelled } from './labels.ts';
import { metadataChecks } from './metadata.ts';
import { settingsChecks } from './settings.ts';
import { clientCheck, redirectUriCheck } from './sign-in.ts';
import { upstreamChecks } from './upstreams.ts';

export interface DoctorDeps {
  readFile: (path: string) => string;
  log: Logger;
  clock: () => number;
}

/** Requests to the provider, sent as the gateway sends them. */
function createProviderGet(provider: ProviderConfig): GetFromProvider {
  const { issuer, internalUrl, timeout } = provider;
  const fetch = createProviderFetch({ issuer, internalUrl, timeout, send: createSend(provider) });
  return async function get(url, accept = 'application/json') {
    const headers = { accept };
    const response = await fetch(url, { method: 'GET', headers, body: undefined, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
}

/** A provider of an app. */
interface Use {
  readonly config: Config;
  readonly settings: ProviderConfig;
  readonly redirectUri: string;
  /** The app if there are several, and the provider if the app has several. */
  readonly label: string;
}

/** Each use of a provider, grouped by what is the same client of the same provider. */
function usesByClient(config: Config): [Use, ...Use[]][] {
  const apps = appsOf(config);
  const groups = new Map<string, [Use, ...Use[]]>();
  for (const app of apps) {
    const providers = signInProviders(app);
    for (const settings of providers) {
      const names = [apps.length > 1 && app.app.id, providers.length > 1 && settings.id];
      const label = names.filter((name) => name !== false).join(' ');
      const use = { config: app, settings, redirectUri: redirectUriOf(app, settings), label };
      const key = JSON.stringify(settings);
      const group = groups.get(key);
      if (group) group.push(use);
      else groups.set(key, [use]);
    }
  }
  return [...groups.values()];
}

/** The checks of one client: of its provider and its credentials once, and of the redirect URI of each app. */
async function clientChecks(uses: readonly [Use, ...Use[]], { log, clock }: DoctorDeps): Promise<Check[]> {
  const [{ config, settings, redirectUri }] = uses;
  const label = joinLabels(uses.map((use) => use.label));
  const get = createProviderGet(settings);
  const { checks, metadata } = await checkDiscovery(settings, get, clock);
  // Keys and clients of a wrong provider would only produce misleading results.
  if (!metadata) return labelled(label, checks);
  const fromMetadata = await metadataChecks(settings, metadata, get);
  const probe = await startProbe({ config, settings, log, clock });
  try {
    const client = await clientCheck(settings, probe, redirectUri);
    const redirects = await checksOfEach(uses, async (use) =>
      labelled(use.label, [await redirectUriCheck(probe, get, use.redirectUri)]),
    );
    return [...labelled(label, [...checks, ...fromMetadata, client]), ...redirects];
  } finally {
    probe.stop();
  }
}

/** Runs all checks, in the order of a sign-in. Writes nothing but a key in Redis that expires after a second. */
export async function runChecks({ config, warnings }: Loaded, deps: DoctorDeps): Promise<Check[]> {
  const routes = appsOf(config).flatMap((app) => app.routes);
  return [
    ...(await settingsChecks(config, warnings)),
    ...certificateChecks(config, deps.clock()),
    ...(await checksOfEach(usesByClient(config), (uses) => clientChecks(uses, deps))),
    ...(await checkStore(config.session.store, deps)),
    ...(await upstreamChecks({ routes }, deps.readFile)),
  ];
}

const LEVEL_WIDTH = 5;
const NAME_WIDTH = 20;
/** Text from a server may contain control characters, which must not reach a terminal. */
const printable = (text: string) => text.replace(/[^\P{Cc}]/gu, ' ').slice(0, 600);

function formatCheck({ name, level, message, hint }: Check): string {
  const line = `${level.padEnd(LEVEL_WIDTH)}${name.padEnd(NAME_WIDTH)}${printable(message)}\n`;
  return hint === undefined ? line : `${line}${' '.repeat(LEVEL_WIDTH + NAME_WIDTH)}-> ${printable(hint)}\n`;
}

/** The report as text or JSON, and the number of failed checks. */
export function formatReport(checks: readonly Check[], asJson: boolean): { text: string; failed: number } {
  const failed = checks.filter(({ level }) => level === 'fail').length;
  const warnings = checks.filter(({ level }) => level === 'warn').length;
  if (asJson) return { text: `${JSON.stringify({ ok: failed === 0, checks }, null, 2)}\n`, failed };
  const summary = `${checks.length} checks: ${failed} failed, ${warnings} with a warning\n`;
  return { text: checks.map(formatCheck).join('') + summary, failed };
}
