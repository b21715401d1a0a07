/** Whole sites behind a real Traefik that asks the gateway, configured as documented. */
import { startTraefik } from '../../support/traefik.ts';
import { testFrontSites } from './site-suite.ts';

testFrontSites({
  name: 'Traefik',
  heading: 'Traefik',
  requirement: 'FA-01',
  start: (port, samples) => startTraefik(port, ...Object.values(samples)),
  redirect: 303,
  replaced: /^x-forwarded/,
  refusedHandshake: 400,
});
