/** Three apps on three hosts: two front ends with an API and a legacy site, in two gateways on one Redis, with one realm of Keycloak. */
import { randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { type Admin, createRealm, keycloakAdmin } from './admin.ts';
import { type Gateway, newKey, startGateway } from './gateway.ts';
import { type LegacySite, startLegacySite } from './legacy-site.ts';
import { type OrdersApi, startOrdersApi } from './orders-api.ts';
import { freePort } from './processes.ts';
import { type RoundRobin, startRoundRobin } from './round-robin.ts';
import { sharedServers } from './run.ts';

export const APPS = ['shop', 'desk', 'wiki'] as const;
export type AppId = (typeof APPS)[number];

export interface App {
  id: AppId;
  publicUrl: string;
  /** Of its endpoints. The site needs one, because its route covers all paths. */
  prefix: string;
  clientId: string;
}

/**
 * An app, and the host at which Keycloak reaches it: not every system resolves names below `localhost`. Like many older sites, the wiki
 * has no back-channel logout.
 */
type Setup = App & { internalHost?: string };

export interface ThreeApps {
  apps: Record<AppId, App>;
  admin: Admin;
  apis: Record<'shop' | 'desk', OrdersApi>;
  site: LegacySite;
  gateways: Gateway[];
  balancer: RoundRobin;
}

/** The client of an app: its tokens are for the API of the app alone, beside the one that all share. */
function clientOf({ id, publicUrl, prefix, clientId, internalHost }: Setup) {
  return {
    clientId,
    secret: `${id}-secret`,
    // A user can withdraw the consent for one client, which ends the sessions of this client alone.
    consentRequired: id === 'shop',
    fullScopeAllowed: false,
    redirectUris: [`${publicUrl}${prefix}/callback`],
    attributes: {
      'post.logout.redirect.uris': `${publicUrl}${prefix}/signed-out`,
      ...(internalHost === undefined ? {} : { 'backchannel.logout.url': `http://${internalHost}/backchannel-logout` }),
      'backchannel.logout.session.required': 'true',
    },
    protocolMappers: ['orders-api', `${id}-api`].map((audience) => ({
      name: audience,
      protocol: 'openid-connect',
      protocolMapper: 'oidc-audience-mapper',
      config: { 'included.custom.audience': audience, 'access.token.claim': 'true' },
    })),
  };
}

/** A user for each test, so that no test sees the sessions and the consent of another. */
const USERS = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank'].map((username) => ({
  username,
  enabled: true,
  emailVerified: true,
  email: `${username}@example.com`,
  firstName: username,
  lastName: 'Example',
  credentials: [{ type: 'password', value: `${username}-pw` }],
}));

type AppInput = NonNullable<ConfigInput['apps']>[number];

const appInput = ({ id, publicUrl, clientId, internalHost }: Setup, further: Partial<AppInput>): AppInput => ({
  id,
  publicUrl,
  ...(internalHost === undefined ? {} : { allowedHosts: [internalHost] }),
  provider: { clientId, clientSecret: `${id}-secret` },
  ...further,
});

const setUp = (id: AppId, port: number, prefix = '') => ({
  id,
  prefix,
  publicUrl: `http://${id}.localhost:${port}`,
  clientId: `${id}-web`,
});

/** Starts everything, and registers the clean-up with the test runner. */
export async function startThreeApps(): Promise<ThreeApps> {
  const { keycloakOrigin, redisUrl, folder: runFolder } = sharedServers();
  const folder = join(runFolder, 'three-apps');
  await mkdir(folder, { recursive: true });
  const realm = `apps-${randomUUID().slice(0, 8)}`;
  const issuer = `${keycloakOrigin}/realms/${realm}`;
  const port = await freePort();
  // Two names of this machine, since apps on one host would share their cookies, whatever their ports.
  const shop: Setup = { ...setUp('shop', port), internalHost: `127.0.0.1:${port}` };
  const desk: Setup = { ...setUp('desk', port), internalHost: `localhost:${port}` };
  const wiki: Setup = setUp('wiki', port, '/.auth');
  const setups = [shop, desk, wiki];
  await createRealm(keycloakOrigin, {
    realm,
    enabled: true,
    sslRequired: 'none',
    eventsEnabled: true,
    users: USERS,
    clients: setups.map(clientOf),
  });
  const apis = { shop: await startOrdersApi(issuer), desk: await startOrdersApi(issuer) };
  const site = await startLegacySite();
  const spa = (upstream: string): Partial<AppInput> => ({
    frontend: { directory: join(import.meta.dirname, '../app') },
    routes: [{ path: '/api/**', upstream }],
  });
  const config: ConfigInput = {
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: { issuer, clientId: '', scopes: ['openid', 'profile', 'email'], timeout: '20s' },
    session: { store: { redis: { url: redisUrl, prefix: 'e2e:three-apps:' } } },
    apps: [
      appInput(shop, spa(apis.shop.url)),
      appInput(desk, spa(apis.desk.url)),
      appInput(wiki, {
        endpoints: { prefix: wiki.prefix },
        routes: [
          {
            path: '/**',
            upstream: site.url,
            kind: 'page',
            upstreamToken: 'none',
            claimHeaders: { 'X-User': 'preferred_username' },
          },
        ],
      }),
    ],
  };
  const gateways: Gateway[] = [];
  after(() => Promise.all([site.close(), apis.shop.close(), apis.desk.close(), ...gateways.map((one) => one.stop())]));
  gateways.push(...(await Promise.all([startGateway(folder, config), startGateway(folder, config)])));
  const balancer = await startRoundRobin(
    port,
    gateways.map((gateway) => gateway.port),
  );
  after(() => balancer.close());
  return { apps: { shop, desk, wiki }, admin: keycloakAdmin(keycloakOrigin, realm), apis, site, gateways, balancer };
}
