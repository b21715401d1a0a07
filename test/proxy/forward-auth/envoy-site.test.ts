/** Whole sites behind a real Envoy that asks the gateway, configured as documented. */
import { parse, stringify } from 'yaml';
import { startEnvoy } from '../../support/envoy.ts';
import { testFrontSites } from './site-suite.ts';

interface EnvoyConfig {
  static_resources: {
    listeners: {
      filter_chains: {
        filters: { typed_config: { route_config: { virtual_hosts: unknown[] } } }[];
      }[];
    }[];
    clusters: { name: string }[];
  };
}

const virtualHostsOf = ({ static_resources: { listeners } }: EnvoyConfig) =>
  listeners[0]?.filter_chains[0]?.filters[0]?.typed_config.route_config.virtual_hosts ?? [];

/** One configuration with the virtual host and the cluster of each site, as documented. */
function joinSites(samples: readonly string[]): string {
  const [first, ...further] = samples.map((sample) => parse(sample) as EnvoyConfig);
  if (!first) throw new Error('no site');
  const { clusters } = first.static_resources;
  for (const site of further) {
    virtualHostsOf(first).push(...virtualHostsOf(site));
    const isNew = ({ name }: { name: string }) => clusters.every((cluster) => cluster.name !== name);
    clusters.push(...site.static_resources.clusters.filter(isNew));
  }
  return stringify(first);
}

testFrontSites({
  name: 'Envoy',
  heading: 'Envoy',
  requirement: 'FA-01',
  start: (port, samples) => startEnvoy(port, joinSites(Object.values(samples))),
  redirect: 303,
  // Envoy passes all of them on, and they contradict its own request.
  replaced: /^$/,
  refusedHandshake: 400,
});
