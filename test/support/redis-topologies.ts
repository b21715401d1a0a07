/** Starts highly available Redis setups: a master and a replica with Sentinel, and a Cluster of six nodes. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './ports.ts';
import { type RedisServer, startRedis } from './redis.ts';
import { until } from './wait.ts';

export interface SentinelSet {
  master: RedisServer;
  replica: RedisServer;
  sentinelPort: number;
  stop(): Promise<void>;
}

/** Starts one master, one replica, and one Sentinel that fails over after a second. */
export async function startSentinelSet(): Promise<SentinelSet> {
  const master = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const dir = mkdtempSync(join(tmpdir(), 'bff-sentinel-'));
  process.once('exit', () => rmSync(dir, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(dir, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `sentinel monitor shop 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds shop 1000',
    'sentinel failover-timeout shop 5000',
  ];
  writeFileSync(file, `${lines.join('\n')}\n`);
  const sentinel = await startRedis({ port, dir, sentinel: file });
  await until(async () =>
    /master_link_status:up/.test(await replica.withClient((client) => client.info('replication'))),
  );
  await until(async () => /slaves=1/.test(await sentinel.withClient((client) => client.info('sentinel'))));
  return {
    master,
    replica,
    sentinelPort: port,
    async stop() {
      for (const server of [sentinel, replica, master]) await server.stop();
    },
  };
}

export interface ClusterSet {
  nodes: readonly RedisServer[];
  /** The current primary of a key. */
  primaryOf(key: string): Promise<RedisServer>;
  stop(): Promise<void>;
}

/** Starts three primaries with one replica each; a primary that is down for a second is replaced. */
export async function startClusterSet(): Promise<ClusterSet> {
  const args = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000'];
  const nodes = await Promise.all(Array.from({ length: 6 }, () => startRedis({ args })));
  const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`);
  const create = ['--cluster', 'create', ...addresses, '--cluster-replicas', '1', '--cluster-yes'];
  const created = spawnSync('redis-cli', create, { encoding: 'utf8' });
  if (created.status !== 0) throw new Error(created.stdout + created.stderr);
  for (const node of nodes)
    await until(async () => (await node.withClient((client) => client.cluster('INFO'))).includes('cluster_state:ok'));
  for (const node of nodes)
    await until(async () =>
      (await node.withClient((client) => client.info('replication'))).match(
        /role:master[\s\S]*connected_slaves:1|master_link_status:up/,
      ),
    );
  return {
    nodes,
    async primaryOf(key) {
      for (const node of nodes) {
        const holds = await node
          .withClient(async (client) => {
            const master = /role:master/.test(await client.info('replication'));
            return master && (await client.keys('*')).includes(key);
          })
          .catch(() => false);
        if (holds) return node;
      }
      throw new Error(`no primary holds ${key}`);
    },
    async stop() {
      for (const node of nodes) await node.stop();
    },
  };
}
