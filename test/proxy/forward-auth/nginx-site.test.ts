/** A whole site behind a real nginx that asks the gateway, configured as documented. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import { startNginx } from '../../support/nginx.ts';
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
  describe(`nginx at ${host}`, () => {
    let site: FrontSite;
    let browser: Browser;
    before(async () => {
      site = await startFrontSite(host, 'nginx', startNginx);
      browser = await site.signIn();
    });
    after(() => site?.stop());

    test('FA-02 nginx: a navigation is sent to the sign-in and comes back to the same address', () =>
      checkSignIn(site, 302));

    test('FA-02 nginx: fetch, POST and the like get 401, never 500 and never an empty Location', () =>
      checkPrograms(site));

    test('FA-02 nginx: pages of the site work with a session, those of other sites do nothing', () =>
      checkForgery(site, browser));

    test('FA-02 nginx: a refusal that is no 401 or 403 is 403, never 500', async () => {
      for (const path of ['/a/..%2fb', '/%252e%252e/b', '/a%5cb'])
        assert.equal((await browser.navigate(path)).status, 403, path);
    });

    test('FA-03 nginx: headers of the client name neither another host nor another request', () =>
      checkForgedNames(site, /./));

    test('FA-02 nginx: a client says in vain who it is', () => checkForgedUser(site, browser));

    test('FA-04 nginx: a WebSocket opens for pages of the site only', () => checkLive(site, browser, 403));

    test('FA-02 nginx: the site cannot speak for the gateway or the whole host', () => checkResponses(site, browser));
  });
