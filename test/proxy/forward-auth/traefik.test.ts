/** Forward authentication of an API behind a real Traefik, configured as documented. */
import { startTraefik } from '../../support/traefik.ts';
import { testFrontProxy } from './front-checks.ts';
import type { Shop } from './shop.ts';

const serviceAt = (host: string) => ({ loadBalancer: { servers: [{ url: `http://${host}` }] } });

function start({ port, addresses, samples }: Shop) {
  const routers = {
    api: { rule: 'PathPrefix(`/api/`)', middlewares: ['bff@file'], service: 'api' },
    gateway: { rule: 'PathPrefix(`/`)', service: 'gateway' },
  };
  const services = { api: serviceAt(addresses.api), gateway: serviceAt(addresses.gateway) };
  return startTraefik(port, ...samples('Traefik'), JSON.stringify({ http: { routers, services } }));
}

testFrontProxy('Traefik', start, { forwardsEmpty: true, replacesPolicy: true });
