/** Starts the servers of one test file: gateway (or several behind a load balancer), orders API, front end, browser. Keycloak and Redis are shared. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after } from 'node:test';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { type Admin, keycloakAdmin } from './admin.ts';
import { startBalancer } from './balancer.ts';
import { type Browser, startBrowser } from './browser.ts';
import { type Gateway, newKey, startGateway } from './gateway.ts';
import { type OrdersApi, startOrdersApi } from './orders-api.ts';
import { freePort } from './processes.ts';
import { sharedServers } from './run.ts';

export interface WorldOptions {
  /** Names the folder and the Redis keys of this file. */
  name: string;
  /** Host of the public URL; `localhost` by default. */
  host?: string;
  clientId?: string;
  /** Client attributes at Keycloak, such as the lifetime of its access tokens. */
  attributes?: Record<string, string>;
  /** Configuration in addition to, or instead of, the defaults of this suite. */
  provider?: Partial<NonNullable<ConfigInput['provider']>>;
  config?: Partial<ConfigInput>;
  /** Returns the routes for the URL of the orders API. */
  routes?: (api: string) => NonNullable<ConfigInput['routes']>;
  /** Number of gateway processes; several get a load balancer in front. */
  replicas?: number;
  /** Origin of another Keycloak than the shared one. */
  keycloakOrigin?: string;
  probe?: 'readyz' | 'livez';
}

export interface World {
  publicUrl: string;
  issuer: string;
  admin: Admin;
  api: OrdersApi;
  browser: Browser;
  gateways: Gateway[];
}

const FRONTEND = join(import.meta.dirname, '../app');

/** Starts the servers of a file, and registers their clean-up with the test runner. */
export async function startWorld(options: WorldOptions): Promise<World> {
  const servers = sharedServers();
  const folder = join(servers.folder, options.name);
  await mkdir(folder, { recursive: true });
  const origin = options.keycloakOrigin ?? servers.keycloakOrigin;
  const issuer = `${origin}/realms/bff`;
  const clientId = options.clientId ?? 'bff-gateway';
  const admin = keycloakAdmin(origin);
  const port = await freePort();
  const publicUrl = `http://${options.host ?? 'localhost'}:${port}`;
  const prefix = options.config?.endpoints?.prefix ?? '';
  const attributes = { 'post.logout.redirect.uris': `${publicUrl}${prefix}/signed-out`, ...options.attributes };
  if (options.probe !== 'livez') await admin.setUpClient(clientId, publicUrl, attributes, `${prefix}/callback`);
  const api = await startOrdersApi(issuer);
  after(() => api.close());
  const config = configuration(options, { publicUrl, issuer, clientId, api: api.url, redis: servers.redisUrl });
  const gateways = await startReplicas(folder, port, config, options);
  const browser = await startBrowser();
  after(() => browser.close());
  return { publicUrl, issuer, admin, api, browser, gateways };
}

interface Addresses {
  publicUrl: string;
  issuer: string;
  clientId: string;
  api: string;
  redis: string;
}

function configuration(options: WorldOptions, urls: Addresses): ConfigInput {
  return {
    publicUrl: urls.publicUrl,
    development: { allowInsecureHttp: true },
    secrets: { keys: [{ id: 'k1', value: newKey() }] },
    provider: {
      issuer: urls.issuer,
      clientId: urls.clientId,
      ...(options.provider?.privateKey === undefined ? { clientSecret: `${urls.clientId}-secret` } : {}),
      scopes: ['openid', 'profile', 'email'],
      // Keycloak is slow right after its start, when it shares two cores with browsers.
      timeout: '20s',
      ...options.provider,
    },
    session: { store: { redis: { url: urls.redis, prefix: `e2e:${options.name}:` } } },
    frontend: { directory: FRONTEND },
    routes: options.routes?.(urls.api) ?? [
      { path: '/api/stream', upstream: urls.api, websocket: true },
      { path: '/api/events', upstream: urls.api, csrf: 'fetch-metadata' },
      { path: '/api/**', upstream: urls.api },
      { path: '/page/**', upstream: urls.api, csrf: 'fetch-metadata', documents: 'forward' },
    ],
    ...options.config,
  };
}

async function startReplicas(
  folder: string,
  port: number,
  config: ConfigInput,
  { replicas = 1, probe = 'readyz' }: WorldOptions,
): Promise<Gateway[]> {
  const gateways: Gateway[] = [];
  after(() => Promise.all(gateways.map((gateway) => gateway.stop())));
  if (replicas === 1) {
    gateways.push(await startGateway(folder, { ...config, listen: { port } }, probe));
    return gateways;
  }
  gateways.push(...(await Promise.all(Array.from({ length: replicas }, () => startGateway(folder, config, probe)))));
  const balancer = await startBalancer(port, () => gateways.map((gateway) => gateway.port));
  after(() => balancer.close());
  return gateways;
}
