/** `bff-gateway doctor`: checks everything that a configuration depends on, and reports faults with hints. */
import type { Check } from '../../base/check.ts';
import type { Loaded } from '../../config/load/load.ts';
import { redirectUriOf } from '../../config/schema/endpoints.ts';
import { signInProviders } from '../../config/schema/providers.ts';
import type { Config, ProviderConfig } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { startProbe } from '../../oidc/login/probe.ts';
import { createProviderFetch } from '../../oidc/provider/fetch.ts';
import { createSend } from '../../oidc/provider/send.ts';
import { checkStore } from '../../store/open.ts';
import { checkDiscovery, type GetFromProvider } from './discovery.ts';
import { metadataChecks } from './metadata.ts';
import { settingsChecks } from './settings.ts';
import { signInChecks } from './sign-in.ts';
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

async function providerChecks(config: Config, settings: ProviderConfig, { log, clock }: DoctorDeps): Promise<Check[]> {
  const get = createProviderGet(settings);
  const { checks, metadata } = await checkDiscovery(settings, get, clock);
  // Keys and clients of a wrong provider would only produce misleading results.
  if (!metadata) return checks;
  const fromMetadata = await metadataChecks(settings, metadata, get);
  const redirectUri = redirectUriOf(config, settings);
  const probe = await startProbe({ config, settings, redirectUri, log, clock });
  try {
    return [...checks, ...fromMetadata, ...(await signInChecks(settings, probe, get, redirectUri))];
  } finally {
    probe.stop();
  }
}

/** The checks of every provider; of several each message names its provider. */
async function allProviderChecks(config: Config, deps: DoctorDeps): Promise<Check[]> {
  const providers = signInProviders(config);
  const checks = await Promise.all(
    providers.map(async (settings) => {
      const found = await providerChecks(config, settings, deps);
      return providers.length === 1
        ? found
        : found.map((check) => ({ ...check, message: `${settings.id}: ${check.message}` }));
    }),
  );
  return checks.flat();
}

/** Runs all checks, in the order of a sign-in. Writes nothing but a key in Redis that expires after a second. */
export async function runChecks({ config, warnings }: Loaded, deps: DoctorDeps): Promise<Check[]> {
  return [
    ...(await settingsChecks(config, warnings)),
    ...(await allProviderChecks(config, deps)),
    ...(await checkStore(config.session.store, deps)),
    ...(await upstreamChecks(config, deps.readFile)),
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
