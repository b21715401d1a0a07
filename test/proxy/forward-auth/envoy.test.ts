/** Forward authentication of an API behind a real Envoy, configured as documented. */
import { parse } from 'yaml';
import { startEnvoy } from '../../support/envoy.ts';
import { testFrontProxy } from './front-checks.ts';
import type { Shop } from './shop.ts';

const type = (name: string) => ({ '@type': `type.googleapis.com/envoy.extensions.filters.${name}` });

/** A cluster with one server on this machine. */
function cluster(name: string, authority: string) {
  const port = Number(new URL(`http://${authority}`).port);
  const endpoint = { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
  return { name, load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] } };
}

/** The configuration around the samples: of the filter, and of the route of an API. */
function managerWith(filter: string, route: string) {
  const disabled = { ...type('http.ext_authz.v3.ExtAuthzPerRoute'), disabled: true };
  const routes = [
    { match: { prefix: '/api/' }, route: { cluster: 'api' }, ...parse(route) },
    {
      match: { prefix: '/' },
      route: { cluster: 'public' },
      typed_per_filter_config: { 'envoy.filters.http.ext_authz': disabled },
    },
  ];
  const authorization = { ...type('http.ext_authz.v3.ExtAuthz'), transport_api_version: 'V3', ...parse(filter) };
  return {
    ...type('network.http_connection_manager.v3.HttpConnectionManager'),
    stat_prefix: 'shop',
    route_config: { virtual_hosts: [{ name: 'shop', domains: ['*'], routes }] },
    http_filters: [
      { name: 'envoy.filters.http.ext_authz', typed_config: authorization },
      { name: 'envoy.filters.http.router', typed_config: type('http.router.v3.Router') },
    ],
  };
}

function start({ port, addresses, samples }: Shop) {
  const [filter = '', route = ''] = samples('Envoy');
  const manager = managerWith(filter, route);
  const listener = {
    address: { socket_address: { address: '127.0.0.1', port_value: port } },
    filter_chains: [{ filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }] }],
  };
  const { api, gateway, verify } = addresses;
  const clusters = [cluster('api', api), cluster('public', gateway), cluster('gateway', verify)];
  return startEnvoy(port, JSON.stringify({ static_resources: { listeners: [listener], clusters } }));
}

testFrontProxy('Envoy', start, { forwardsEmpty: true });
