/** A whole site behind a real Traefik that asks the gateway, configured as documented. */
import { after, before, describe, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import { startTraefik } from '../../support/traefik.ts';
import { type FrontSite, HOSTS, startFrontSite } from './front-site.ts';
import {
  checkForgedNames,
  checkForgedUser,
  checkForgery,
  checkLive,
  checkPrograms,
  checkResponses,
  checkSignIn,
} from './site-checks.ts';

for (const host of HOSTS)
  describe(`Traefik at ${host}`, () => {
    let site: FrontSite;
    let browser: Browser;
    before(async () => {
      site = await startFrontSite(host, 'Traefik', startTraefik);
      browser = await site.signIn();
    });
    after(() => site?.stop());

    test('FA-01 Traefik: a navigation is sent to the sign-in and comes back to the same address', () =>
      checkSignIn(site, 303));

    test('FA-01 Traefik: fetch, POST and the like get 401, and no redirect', () => checkPrograms(site));

    test('FA-01 Traefik: pages of the site work with a session, those of other sites do nothing', () =>
      checkForgery(site, browser));

    test('FA-03 Traefik: headers of the client name neither another host nor another request', () =>
      checkForgedNames(site, /^x-forwarded/));

    test('FA-01 Traefik: a client says in vain who it is', () => checkForgedUser(site, browser));

    test('FA-04 Traefik: a WebSocket opens for pages of the site only', () => checkLive(site, browser, 400));

    test('FA-01 Traefik: the site cannot speak for the gateway or the whole host', () => checkResponses(site, browser));
  });
