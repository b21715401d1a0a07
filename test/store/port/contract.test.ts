/** Runs the store contract on every store of the table, in each way it can be set up. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createLogger } from '../../../src/observe/log.ts';
import { openStore } from '../../../src/store/open.ts';
import type { StoreChannel } from '../../../src/store/processes/protocol.ts';
import { openRemoteStore } from '../../../src/store/processes/remote-store.ts';
import { createServedStore } from '../../../src/store/processes/served-store.ts';
import type { StoreName } from '../../../src/store/stores.ts';
import { type Opened, storeContract } from '../../contract/store.ts';
import { freePort } from '../../support/ports.ts';
import { type RedisServer, startRedis } from '../../support/redis.ts';
import { until } from '../../support/wait.ts';

type StoreInput = NonNullable<NonNullable<ConfigInput['session']>['store']>;

function open(store: StoreInput) {
  const config = parseConfig({
    publicUrl: 'https://shop.example.com',
    secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
    provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
    session: { store },
  });
  return openStore(config.session.store, { log: createLogger('silent') });
}

/** Opens a store; `servers` stop when it is closed. */
async function opened(input: StoreInput, ...servers: { stop(): Promise<void> }[]): Promise<Opened> {
  const store = open(input);
  return {
    store,
    async close() {
      await store.close();
      for (const server of servers) await server.stop();
    },
  };
}

const createFolder = (name: string) => {
  const path = mkdtempSync(join(tmpdir(), name));
  process.once('exit', () => rmSync(path, { recursive: true, force: true }));
  return path;
};

async function remoteSqlite(): Promise<Opened> {
  const { store, close } = await opened({ sqlite: { file: ':memory:' } });
  const { port1, port2 } = new MessageChannel();
  const channelOf = (port: MessagePort): StoreChannel => ({
    send: (message) => port.postMessage(message),
    receive: (listener) => port.on('message', listener),
  });
  createServedStore(store).serve(channelOf(port1));
  return {
    store: openRemoteStore('sqlite', channelOf(port2)),
    async close() {
      port1.close();
      await close();
    },
  };
}

async function redisServer(): Promise<Opened> {
  const redis = await startRedis();
  return opened({ redis: { url: redis.url } }, redis);
}

async function redisWithAclUser(): Promise<Opened> {
  const user = ['--user', 'gateway', 'on', '>secret-of-gateway', '~bff:*', '+@all'];
  const args = [...user, '--requirepass', 'secret-of-default'];
  const redis = await startRedis({ args, client: { password: 'secret-of-default' } });
  const options = { url: redis.url, username: 'gateway', password: 'secret-of-gateway' };
  // The user may use no channel, and client tracking needs one.
  return { ...(await opened({ redis: options }, redis)), watchable: false };
}

/** Creates a self-signed certificate for localhost; returns the paths of the certificate and its key. */
function createCertificate(): { cert: string; key: string } {
  const folder = createFolder('bff-tls-');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const output = ['-keyout', 'key.pem', '-out', 'cert.pem'];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', ...output, ...subject];
  execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  return { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
}

async function redisOverTls(): Promise<Opened> {
  const { cert, key } = createCertificate();
  const tlsPort = await freePort();
  const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
  const redis = await startRedis({ args: ['--tls-port', String(tlsPort), ...files, '--tls-auth-clients', 'no'] });
  return opened({ redis: { url: `rediss://localhost:${tlsPort}`, tls: { ca: cert } } }, redis);
}

async function redisWithSentinel(): Promise<Opened> {
  const redis = await startRedis();
  const [dir, port] = [createFolder('bff-sentinel-'), await freePort()];
  const file = join(dir, 'sentinel.conf');
  writeFileSync(file, `port ${port}\nbind 127.0.0.1\nsentinel monitor shop 127.0.0.1 ${redis.port} 1\n`);
  const sentinel = await startRedis({ port, dir, sentinel: file });
  return opened({ redis: { sentinels: [{ host: '127.0.0.1', port }], master: 'shop' } }, sentinel, redis);
}

async function redisCluster(): Promise<Opened> {
  const nodes: RedisServer[] = [];
  for (let n = 0; n < 3; n++)
    nodes.push(await startRedis({ args: ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] }));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const created = spawnSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], { encoding: 'utf8' });
  assert.equal(created.status, 0, created.stdout + created.stderr);
  // Check every node: one that does not know its peers yet refuses clients.
  for (const node of nodes)
    await until(async () => (await node.withClient((client) => client.cluster('INFO'))).includes('cluster_state:ok'));
  return opened({ redis: { cluster: nodes.map(({ port }) => ({ host: '127.0.0.1', port })) } }, ...nodes);
}

/** By store and by setup. A store of the table without an entry does not compile. */
const SETUPS: Record<StoreName, Record<string, () => Promise<Opened>>> = {
  sqlite: {
    'SQLite in memory': () => opened({ sqlite: { file: ':memory:' } }),
    'an SQLite file': () => opened({ sqlite: { file: join(createFolder('bff-sqlite-'), 'sessions.db') } }),
    'SQLite in another process': remoteSqlite,
  },
  redis: {
    Redis: redisServer,
    'Redis with an ACL user': redisWithAclUser,
    'Redis over TLS': redisOverTls,
    'Redis with Sentinel': redisWithSentinel,
    'a Redis Cluster': redisCluster,
  },
};

for (const setups of Object.values(SETUPS))
  for (const [name, setUp] of Object.entries(setups)) storeContract(name, setUp);
