/** Selects the Kong plugins that apply to a route, and classifies plugins other than sign-in.
 * https://docs.konghq.com/gateway/latest/key-concepts/plugins/#plugin-precedence
 */
import type { Item } from '../draft/yaml-tree.ts';

export interface Plugin {
  name: string;
  config: Item | undefined;
  line: number;
  enabled: boolean;
  /** The scope of the plugin; all undefined for a global plugin. */
  service: string | undefined;
  route: string | undefined;
  consumer: string | undefined;
}

/** A reference by name, by id, or as a mapping with either. */
export const referenceOf = (item: Item | undefined): string | undefined =>
  item?.text() ?? item?.get('name')?.text() ?? item?.get('username')?.text() ?? item?.get('id')?.text();

/** Parses one entry; `scope` is the item that contains it. */
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

/** The plugins that apply to a route: for each name the one with the most specific scope. */
export function pluginsFor(
  plugins: readonly Plugin[],
  route: readonly string[],
  service: readonly string[],
): readonly Plugin[] {
  const matches = (bound: string | undefined, names: readonly string[]) => bound === undefined || names.includes(bound);
  const specificity = (plugin: Plugin) => (plugin.route === undefined ? 0 : 2) + (plugin.service === undefined ? 0 : 1);
  const applied = new Map<string, Plugin>();
  for (const plugin of plugins) {
    // A disabled plugin is skipped, so that the plugin of a wider scope still applies.
    if (plugin.consumer !== undefined || !plugin.enabled) continue;
    if (!matches(plugin.route, route) || !matches(plugin.service, service)) continue;
    const current = applied.get(plugin.name);
    if (current === undefined || specificity(plugin) > specificity(current)) applied.set(plugin.name, plugin);
  }
  return [...applied.values()];
}

/** Plugins for monitoring, limits or caching; none refuses a request because of its caller. */
const IGNORED_PLUGIN =
  /^(?:acme|aws-.*-logging|.*-log|log-.*|prometheus|datadog|statsd(?:-advanced)?|zipkin|opentelemetry|loggly|canary-log|app-dynamics|correlation-id|cors|rate-limiting(?:-advanced)?|service-protection|response-ratelimiting|proxy-cache(?:-advanced)?|request-size-limiting|grpc-gateway|websocket-size-limit|standard-webhooks-log)$/;

/** Whether omitting the plugin allows no request that it would have refused. */
export function isHarmless({ name, config }: Plugin): boolean {
  if (IGNORED_PLUGIN.test(name)) return true;
  // Without added headers the API has less information; without removed headers a client could forge them.
  if (name === 'request-transformer' || name === 'request-transformer-advanced')
    return (config?.entries() ?? []).every(
      ([key, value]) => key === 'add' || key === 'append' || value.entries().length + value.items().length === 0,
    );
  return false;
}
