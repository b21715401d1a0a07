/** Starts the demo: an OpenID provider, an orders API, and the gateway in front of a small shop; with `--apps`, several apps. */
import { startApps } from './apps/start-apps.ts';
import { startOrdersApi } from './orders-api.ts';
import { startProvider } from './provider.ts';
import { findPort, firstPort, newSecret, startGateway } from './start.ts';
import { type DemoUser, USERS } from './users.ts';

/** The lines that list users. */
const listOf = (users: readonly DemoUser[]) =>
  users.map(({ name, about }) => `    ${name.padEnd(6)} ${about}`).join('\n');

async function startShop(): Promise<string> {
  const first = firstPort();
  const port = await findPort(first, 'the shop');
  const providerPort = await findPort(first + 100, 'the provider');
  const apiPort = await findPort(first + 200, 'the orders API');
  const url = `http://localhost:${port}`;
  // To a browser 127.0.0.1 and localhost are two sites, like provider and shop in production.
  const issuer = `http://127.0.0.1:${providerPort}`;
  const resource = 'https://orders-api.demo.test';
  const secret = newSecret();
  await startProvider({
    issuer,
    port: providerPort,
    users: USERS,
    clients: [{ id: 'demo-shop', secret, callback: `${url}/callback`, signedOut: `${url}/signed-out` }],
    resource,
    cookieKey: newSecret(),
  });
  await startOrdersApi({ port: apiPort, issuers: [issuer], audience: resource });
  await startGateway('gateway.yaml', port, {
    DEMO_URL: url,
    DEMO_ISSUER: issuer,
    DEMO_RESOURCE: resource,
    DEMO_API: `http://127.0.0.1:${apiPort}`,
    DEMO_CLIENT_SECRET: secret,
  });
  return `  The demo runs at ${url}\n\n  Users (no passwords):\n${listOf(USERS)}`;
}

try {
  const [option, ...others] = process.argv.slice(2);
  if (others.length > 0 || (option !== undefined && option !== '--apps'))
    throw new Error('usage: npm run demo, or npm run demo -- --apps');
  const text = option === undefined ? await startShop() : await startApps(listOf);
  console.log(`\n${text}\n\n  Ctrl+C stops it.\n`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
