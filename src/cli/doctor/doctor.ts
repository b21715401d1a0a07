/** `doctor`: looks at everything that a configuration depends on and says in plain words what is wrong. */

import type { Loaded } from '../../config/load/load.ts';
import { endpointPaths } from '../../config/schema/endpoints.ts';
import type { Config } from '../../config/schema/schema.ts';
import type { Logger } from '../../observe/log.ts';
import { startProbe } from '../../oidc/login/probe.ts';
import { createProviderFetch } from '../../oidc/provider/fetch.ts';
import { createMtlsSend, readClientCertificate } from '../../oidc/provider/mtls.ts';
import { checkStore } from '../../store/open.ts';
import { type Check, formatCheck } from './check.ts';
import { type Ask, checkDiscovery } from './discovery.ts';
import { metadataChecks } from './metadata.ts';
import { settingsChecks } from './settings.ts';
import { signInChecks } from './sign-in.ts';
import { upstreamChecks } from './upstreams.ts';

export interface DoctorParts {
  readFile: (path: string) => string;
  log: Logger;
  clock: () => number;
}

/** The provider asked the way the gateway asks it. */
function createAsk({ issuer, internalUrl, timeout, tls }: Config['provider']): Ask {
  const send = tls && createMtlsSend(readClientCertificate(tls));
  const fetch = createProviderFetch({ issuer, internalUrl, timeout, send });
  return async function ask(url, accept = 'application/json') {
    const headers = { accept };
    const response = await fetch(url, { method: 'GET', headers, body: undefined, redirect: 'manual' });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
}

async function providerChecks(config: Config, { log, clock }: DoctorParts): Promise<Check[]> {
  const ask = createAsk(config.provider);
  const { checks, metadata } = await checkDiscovery(config.provider, ask, clock);
  // What is not the right provider has nothing to say about keys and clients.
  if (!metadata) return checks;
  const promised = await metadataChecks(config.provider, metadata, ask);
  const redirectUri = config.publicUrl + endpointPaths(config.endpoints).callback;
  const probe = await startProbe({ config, redirectUri, log, clock });
  try {
    return [...checks, ...promised, ...(await signInChecks(config.provider, probe, ask, redirectUri))];
  } finally {
    probe.stop();
  }
}

/** Every check, in the order of a sign-in; nothing is changed anywhere but for a key in the store that lapses after a second. */
export async function examine({ config, warnings }: Loaded, parts: DoctorParts): Promise<Check[]> {
  return [
    ...(await settingsChecks(config, warnings)),
    ...(await providerChecks(config, parts)),
    ...(await checkStore(config.session.store, parts)),
    ...(await upstreamChecks(config, parts.readFile)),
  ];
}

/** The findings as text or JSON, and how many of them have failed. */
export function report(checks: readonly Check[], asJson: boolean): { text: string; failed: number } {
  const failed = checks.filter(({ level }) => level === 'fail').length;
  const warned = checks.filter(({ level }) => level === 'warn').length;
  if (asJson) return { text: `${JSON.stringify({ ok: failed === 0, checks }, null, 2)}\n`, failed };
  const sum = `${checks.length} checks: ${failed} failed, ${warned} with a warning\n`;
  return { text: checks.map(formatCheck).join('') + sum, failed };
}
