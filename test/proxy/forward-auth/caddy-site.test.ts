/** Whole sites behind real Caddy versions that ask the gateway, configured as documented. */
import { CADDIES, startCaddy, versionOf } from '../../support/caddy.ts';
import { testFrontSites } from './site-suite.ts';

for (const command of CADDIES)
  testFrontSites({
    name: `Caddy ${versionOf(command)}`,
    heading: 'Caddy',
    requirement: 'FA-01',
    start: (port, samples) => startCaddy(command, port, samples),
    redirect: 303,
    replaced: /^x-forwarded/,
    refusedHandshake: 400,
  });
