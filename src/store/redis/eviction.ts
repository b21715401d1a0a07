/** Warns if Redis evicts keys when its memory is full: evicted sessions are users signed out. */
import { Cluster, type Redis } from 'ioredis';
import type { Logger } from '../../base/logger.ts';
import type { RedisClient } from './client.ts';

/** `maxmemory-policy` of a server; undefined if the user may not read it. */
async function evictionPolicy(client: Redis): Promise<string | undefined> {
  const info = await client.info('memory').catch(() => '');
  return /^maxmemory_policy:(.*?)\r?$/m.exec(info)?.[1];
}

/** Checks the policy after each connection, and logs each evicting one once. */
export function watchEvictionPolicy(client: RedisClient, log: Logger): void {
  const warned = new Set<string>();
  client.on('ready', async () => {
    const servers = client instanceof Cluster ? client.nodes('master') : [client];
    for (const policy of await Promise.all(servers.map(evictionPolicy))) {
      if (policy === undefined || policy === 'noeviction' || warned.has(policy)) continue;
      warned.add(policy);
      log.warn(
        { unsafe: true, policy },
        'session store: Redis evicts sessions when its memory is full; set maxmemory-policy to noeviction',
      );
    }
  });
}
