/** The tests of whole sites behind a front proxy; the same for every one, but for what it does itself. */
import { after, before, describe, test } from 'node:test';
import type { Browser } from '../../support/browser.ts';
import {
  type FrontSite,
  type FrontSites,
  SITES,
  type SiteName,
  type StartFront,
  startFrontSites,
} from './front-site.ts';
import {
  checkForgedNames,
  checkForgedUser,
  checkForgery,
  checkLive,
  checkOtherSite,
  checkPrograms,
  checkResponses,
  checkSignIn,
} from './site-checks.ts';

export interface FrontProxyFacts {
  /** Name of the proxy, with its version if several are tested. */
  readonly name: string;
  /** The heading of its sample. */
  readonly heading: string;
  /** The requirement that it redirects the right requests. */
  readonly requirement: 'FA-01' | 'FA-02';
  readonly start: StartFront;
  /** Status of its redirect to the sign-in. */
  readonly redirect: number;
  /** The headers of the client that it replaces. */
  readonly replaced: RegExp;
  /** Its status for a handshake where the route has no WebSockets. */
  readonly refusedHandshake: number;
}

/** Tests both sites behind the proxy; `further` has tests of one proxy only. */
export function testFrontSites(facts: FrontProxyFacts, further?: (browser: () => Browser) => void): void {
  const { name, requirement: id } = facts;
  describe(name, () => {
    let started: FrontSites;
    before(async () => {
      started = await startFrontSites(facts.heading, facts.start);
    });
    after(() => started?.stop());

    for (const [own, other] of [
      ['wiki', 'grafana'],
      ['grafana', 'wiki'],
    ] as const)
      testSite(facts, own, () => [started.sites[own], started.sites[other]], further);

    test(`${id} ${name}: a sign-in at one host is none at the other, where the provider makes it seamless`, () =>
      checkOtherSite(started.sites.wiki, started.sites.grafana, facts.redirect));
  });
}

type Sites = readonly [own: FrontSite, other: FrontSite];

function testSite(
  facts: FrontProxyFacts,
  own: SiteName,
  sites: () => Sites,
  further?: (browser: () => Browser) => void,
): void {
  const { name, requirement: id, redirect, replaced, refusedHandshake } = facts;
  describe(`${name} at ${SITES[own]}`, () => {
    let site: FrontSite;
    let other: FrontSite;
    let browser: Browser;
    before(async () => {
      [site, other] = sites();
      browser = await site.signIn();
    });

    test(`${id} ${name}: a navigation is sent to the sign-in and comes back to the same address`, () =>
      checkSignIn(site, redirect));
    test(`${id} ${name}: fetch, POST and the like get 401: no redirect, no 500, no empty Location`, () =>
      checkPrograms(site));
    test(`${id} ${name}: pages of the site work with a session, those of other sites do nothing`, () =>
      checkForgery(site, other, browser));
    test(`FA-03 ${name}: headers of the client name neither another host nor another request`, () =>
      checkForgedNames(site, other, replaced));
    test(`${id} ${name}: a client says in vain who it is`, () => checkForgedUser(site, browser));
    test(`FA-04 ${name}: a WebSocket opens for pages of the site only`, () =>
      checkLive(site, other, browser, refusedHandshake));
    test(`${id} ${name}: the site cannot speak for the gateway or the whole host`, () => checkResponses(site, browser));
    further?.(() => browser);
  });
}
