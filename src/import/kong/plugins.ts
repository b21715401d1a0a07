/** Which Kong plugins apply to a route, and what those mean that are no sign-in.
 * https://docs.konghq.com/gateway/latest/key-concepts/plugins/#plugin-precedence
 */
import type { Item } from '../draft/yaml-tree.ts';

export interface Plugin {
  name: string;
  config: Item | undefined;
  line: number;
  enabled: boolean;
  /** What it is bound to; all undefined for the whole gateway. */
  service: string | undefined;
  route: string | undefined;
  consumer: string | undefined;
}

/** A reference by name, by id, or as a mapping with either. */
export const referenceOf = (item: Item | undefined): string | undefined =>
  item?.text() ?? item?.get('name')?.text() ?? item?.get('username')?.text() ?? item?.get('id')?.text();

/** The plugin of one entry; `scope` is what it is nested in. */
export function parsePlugin(item: Item, scope: Partial<Pick<Plugin, 'service' | 'route' | 'consumer'>> = {}): Plugin {
  return {
    name: item.get('name')?.text() ?? '',
    config: item.get('config'),
    line: item.line,
    enabled: item.get('enabled')?.scalar() !== false,
    service: referenceOf(item.get('service')) ?? scope.service,
    route: referenceOf(item.get('route')) ?? scope.route,
    consumer: referenceOf(item.get('consumer')) ?? referenceOf(item.get('consumer_group')) ?? scope.consumer,
  };
}

/** Those in force on a route: of each name the one that is bound most closely. */
export function pluginsFor(
  plugins: readonly Plugin[],
  route: readonly string[],
  service: readonly string[],
): readonly Plugin[] {
  const fits = (bound: string | undefined, names: readonly string[]) => bound === undefined || names.includes(bound);
  const weight = (plugin: Plugin) => (plugin.route === undefined ? 0 : 2) + (plugin.service === undefined ? 0 : 1);
  const inForce = new Map<string, Plugin>();
  for (const plugin of plugins) {
    // One that is switched off is not there at all, so that of the service still holds.
    if (plugin.consumer !== undefined || !plugin.enabled) continue;
    if (!fits(plugin.route, route) || !fits(plugin.service, service)) continue;
    const before = inForce.get(plugin.name);
    if (before === undefined || weight(plugin) > weight(before)) inForce.set(plugin.name, plugin);
  }
  return [...inForce.values()];
}

/** Plugins that watch, count or cache, and refuse nobody for who they are. */
const IGNORED_PLUGIN =
  /^(?:acme|aws-.*-logging|.*-log|log-.*|prometheus|datadog|statsd(?:-advanced)?|zipkin|opentelemetry|loggly|canary-log|app-dynamics|correlation-id|cors|rate-limiting(?:-advanced)?|service-protection|response-ratelimiting|proxy-cache(?:-advanced)?|request-size-limiting|grpc-gateway|websocket-size-limit|standard-webhooks-log)$/;

/** Whether leaving the plugin out lets nobody in. */
export function isHarmless({ name, config }: Plugin): boolean {
  if (IGNORED_PLUGIN.test(name)) return true;
  // Headers that are added are missed by the API; those that are taken away could come from anybody.
  if (name === 'request-transformer' || name === 'request-transformer-advanced')
    return (config?.entries() ?? []).every(
      ([key, value]) => key === 'add' || key === 'append' || value.entries().length + value.items().length === 0,
    );
  return false;
}
