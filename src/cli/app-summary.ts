/** What `check` says about several apps: their number, and how many metric series they can cause. */
import { appsOf } from '../config/schema/apps.ts';
import { offeredEndpoints } from '../config/schema/endpoints.ts';
import type { Config } from '../config/schema/schema.ts';
import type { Warning } from '../config/warnings/warnings.ts';
import { seriesLimit } from '../observe/metrics/series-limit.ts';

/** More than this slows scrapes and fills the memory of a Prometheus server. */
const MAX_SERIES = 50_000;

const formatted = (count: number) => count.toLocaleString('en-US');

/** A comment line for the printed configuration, and a warning about too many series; nothing for a single app. */
export function appSummary(config: Config): { summary: string; warning: Warning[] } {
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
