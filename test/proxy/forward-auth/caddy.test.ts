/** Forward authentication of an API behind real Caddy versions, old and new, configured as documented. */
import { CADDIES, startCaddy, versionOf } from '../../support/caddy.ts';
import { testFrontProxy } from './front-checks.ts';

for (const command of CADDIES)
  testFrontProxy(`Caddy ${versionOf(command)}`, (shop) => startCaddy(command, shop.port, shop.sample('Caddy')));
