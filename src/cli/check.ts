/** `bff-gateway check`: prints the configuration with its defaults, then warnings and one line with the verdict. */
import { lifetimeFault } from '../base/system/certificate.ts';
import { readCertificates, readKeyPair } from '../base/system/key-pair.ts';
import { closestMatch } from '../config/messages/suggest.ts';
import { appsOf } from '../config/schema/apps.ts';
import { offeredEndpoints } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import { certificatesOf } from '../config/traffic/listen-tls.ts';
import { formatWarning, type Warning } from '../config/warnings/warnings.ts';
import { describeConfig } from '../explain/describe.ts';
import { createReferences, standIns } from '../explain/references.ts';
import { loadPlugins } from '../hooks/load-plugins.ts';
import { hooksOf } from '../hooks/read-plugin.ts';
import { seriesLimit } from '../observe/metrics/series-limit.ts';
import { checkAppPages } from '../responses/app-pages.ts';
import type { CliDeps, Invocation } from './command.ts';
import { configFileOf, load } from './config-source.ts';

/** More than this slows scrapes and fills the memory of a Prometheus server. */
const MAX_SERIES = 50_000;

const formatted = (count: number) => count.toLocaleString('en-US');

/** A comment line for the printed configuration, and a warning about too many series; nothing for a single app. */
function appSummary(config: Config): { summary: string; warning: Warning[] } {
  const apps = appsOf(config);
  if (apps.length === 1) return { summary: '', warning: [] };
  const byApp = config.admin.metrics.detail === 'app';
  const series = seriesLimit(
    apps.map((app) =>
      // With an empty route, an app counts as one route.
      byApp ? { routes: 1, endpoints: 0 } : { routes: app.routes.length, endpoints: offeredEndpoints(app).length + 1 },
    ),
  );
  const message = `the apps can cause up to ${formatted(series)} metric series`;
  const divide = 'divide the apps among several gateways';
  const hint = byApp ? divide : `set admin.metrics.detail: app, or ${divide}`;
  return {
    summary: `# ${formatted(apps.length)} apps, up to ${formatted(series)} metric series\n`,
    warning: series > MAX_SERIES ? [{ id: 'metric-series', message, hint }] : [],
  };
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Reads the certificates of the public port; throws if one cannot be used. Returns a warning for each that must be renewed. */
function certificateWarnings({ listen: { tls } }: Config): Warning[] {
  if (tls === undefined) return [];
  if (tls.clientCa !== undefined) readCertificates('listen.tls.clientCa', tls.clientCa);
  return certificatesOf(tls).flatMap(([option, files]) => {
    const fault = lifetimeFault(readKeyPair(option, files).leaf, Date.now());
    if (fault === undefined) return [];
    const message = `the certificate ${files.certificate} ${fault.reason}`;
    return [{ id: 'certificate-lifetime', message, hint: 'renew it' }];
  });
}

/** Runs the command. An invalid configuration is an error, whose last line is the number of faults. */
export async function check(deps: CliDeps, invocation: Invocation): Promise<void> {
  const texts = new Map<string, string>();
  const readFile = (path: string) => {
    const text = deps.readFile(path);
    texts.set(path, text);
    return text;
  };
  const file = configFileOf({ ...deps, readFile }, invocation);
  const env = { ...standIns(file, readFile), ...deps.env };
  const { config, warnings, readFrom = [] } = load({ ...deps, env, readFile }, invocation);
  for (const app of appsOf(config)) checkAppPages(app);
  const plugins = await loadPlugins(config.plugins, closestMatch);
  const { summary, warning } = appSummary(config);
  deps.out(summary + describeConfig(config, createReferences({ env, texts, configFiles: readFrom })));
  for (const { name, hooks } of plugins) deps.err(`plugin ${name}: ${hooksOf(hooks).join(', ')}\n`);
  const all = [...warnings, ...certificateWarnings(config), ...warning];
  for (const found of all) deps.err(formatWarning(found));
  deps.err(`configuration is valid${all.length === 0 ? '' : `, ${counted(all.length, 'warning')}`}\n`);
}
