/** Starts the demo of several apps: two OpenID providers, an orders API, a wiki, and the gateway in front of three hosts. */
import { lookup } from 'node:dns/promises';
import { startOrdersApi } from '../orders-api.ts';
import { type DemoClient, startProvider } from '../provider.ts';
import { findPort, firstPort, newSecret, startGateway } from '../start.ts';
import { type DemoUser, STAFF, USERS } from '../users.ts';
import { startWiki } from './wiki.ts';

const NAMES = ['shop', 'desk', 'wiki'] as const;

/** What to do where names below `localhost` are unknown; empty if this machine resolves them. Chromium and Firefox need nothing. */
async function hostsAdvice(): Promise<string> {
  const hosts = NAMES.map((name) => `${name}.localhost`);
  const found = await Promise.allSettled(hosts.map((host) => lookup(host)));
  if (found.every(({ status }) => status === 'fulfilled')) return '';
  return `\n\n  This machine does not resolve names below localhost. Chrome, Edge and Firefox do so themselves.\n  For Safari, curl and others add this line to /etc/hosts:\n\n    127.0.0.1 ${hosts.join(' ')}`;
}

function clientOf(id: string, secret: string, endpoints: string, callback = '/callback'): DemoClient {
  return { id, secret, callback: endpoints + callback, signedOut: `${endpoints}/signed-out` };
}

/** Starts everything; returns the text with the addresses and the users. */
export async function startApps(listOf: (users: readonly DemoUser[]) => string): Promise<string> {
  const first = firstPort();
  const port = await findPort(first, 'the gateway');
  const customersPort = await findPort(first + 100, 'the provider of the customers');
  const staffPort = await findPort(customersPort + 1, 'the provider of the employees');
  const apiPort = await findPort(first + 200, 'the orders API');
  const sitePort = await findPort(apiPort + 1, 'the wiki');
  const [shop, desk, wiki] = NAMES.map((name) => `http://${name}.localhost:${port}`) as [string, string, string];
  const [shopSecret, deskSecret, wikiSecret] = [newSecret(), newSecret(), newSecret()];
  const [customers, staff] = [`http://127.0.0.1:${customersPort}`, `http://127.0.0.1:${staffPort}`];
  const resource = 'https://orders-api.demo.test';
  await startProvider({
    issuer: customers,
    port: customersPort,
    users: USERS,
    about: 'Customers of the shop sign in at this provider.',
    clients: [clientOf('shop-web', shopSecret, shop)],
    resource,
    cookieKey: newSecret(),
  });
  await startProvider({
    issuer: staff,
    port: staffPort,
    users: STAFF,
    about: 'Employees sign in at this provider, once for the shop, the desk and the wiki.',
    clients: [
      clientOf('shop-web', shopSecret, shop, '/callback/staff'),
      clientOf('desk-web', deskSecret, desk),
      clientOf('wiki-web', wikiSecret, `${wiki}/.auth`),
    ],
    resource,
    cookieKey: newSecret(),
  });
  await startOrdersApi({ port: apiPort, issuers: [customers, staff], audience: resource });
  await startWiki(sitePort);
  await startGateway('apps/gateway.yaml', port, {
    DEMO_SHOP: shop,
    DEMO_DESK: desk,
    DEMO_WIKI: wiki,
    DEMO_CUSTOMERS: customers,
    DEMO_STAFF: staff,
    DEMO_RESOURCE: resource,
    DEMO_API: `http://127.0.0.1:${apiPort}`,
    DEMO_SITE: `http://127.0.0.1:${sitePort}`,
    DEMO_SHOP_SECRET: shopSecret,
    DEMO_DESK_SECRET: deskSecret,
    DEMO_WIKI_SECRET: wikiSecret,
  });
  return `  Three apps run in one gateway:

    Shop   ${shop}   a single-page app; customers and employees choose where to sign in
    Desk   ${desk}   a single-page app for employees
    Wiki   ${wiki}   a site without JavaScript, for employees

  Customers (no passwords):
${listOf(USERS)}

  Employees (no passwords):
${listOf(STAFF)}${await hostsAdvice()}`;
}
