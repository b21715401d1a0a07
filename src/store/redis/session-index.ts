/** Secondary session indexes in Redis: one sorted set per name, scored by the expiry of its entries. */
import { Cluster, type Redis } from 'ioredis';
import { taggedName, tagOf } from '../../base/tagged-name.ts';
import { ALL_APPS, type SessionIndex } from '../port/store.ts';
import type { RunRedis } from './client.ts';
import type { RedisKeys } from './keys.ts';

/** `<node number>:<SCAN cursor on that node>`; nodes are numbered in the order of their addresses. */
const CURSOR = /^(\d{1,5}):(\d{1,20})$/;

/** The number of a node, and the SCAN cursor on it. */
type NodeCursor = [node: number, cursor: string];

function nodesOf(client: Redis | Cluster): Redis[] {
  if (!(client instanceof Cluster)) return [client];
  const address = ({ options }: Redis) => `${options.host}:${options.port}`;
  return client.nodes('master').sort((a, b) => address(a).localeCompare(address(b)));
}

/** The operations of the port on indexes. */
export function redisIndex(run: RunRedis, keys: RedisKeys, clock: () => number): SessionIndex {
  const [before = '', after = ''] = keys.session('\n').split('\n');
  const keyIn = (name: string) => name.slice(before.length, name.length - after.length);

  async function removeEntries(name: string, removed: readonly string[]): Promise<void> {
    if (removed.length > 0) await run('remove from index', (redis) => redis.zrem(keys.index(name), ...removed));
  }

  async function scanNode(nodes: readonly Redis[], [node, cursor]: NodeCursor, count: number, tag: string) {
    const all = tag === ALL_APPS;
    const pattern = keys.session(all ? '*' : taggedName(tag, '*')).replace(/[\\[\]?]/g, '\\$&');
    const [next, names] = await (nodes[node] as Redis).scan(cursor, 'MATCH', pattern, 'COUNT', count);
    // The pattern of `main` also matches the keys of the others.
    const found = names.map(keyIn).filter((key) => all || tagOf(key) === tag);
    if (next !== '0') return { keys: found, cursor: `${node}:${next}` };
    return { keys: found, cursor: node + 1 < nodes.length ? `${node + 1}:0` : undefined };
  }

  return {
    async add(name, key, expiresAt) {
      await run('index session', (redis) => redis.bffIndex(keys.index(name), key, Math.ceil(expiresAt), clock()));
    },
    count: (name) => run('count sessions', (redis) => redis.zcount(keys.index(name), `(${clock()}`, '+inf')),
    async page(name, cursor, limit) {
      const from = /^\d{1,20}$/.test(cursor ?? '') ? (cursor ?? '0') : '0';
      const [next, pairs] = await run('find sessions', (redis) => redis.zscan(keys.index(name), from, 'COUNT', limit));
      const now = clock();
      const found = pairs.filter((_, at) => at % 2 === 0 && Number(pairs[at + 1]) > now);
      return { keys: found, cursor: next === '0' ? undefined : next };
    },
    async prune(name, candidates) {
      // One EXISTS per session: in a Cluster, keys of different slots cannot share a command.
      const records = await run('check sessions', (redis) =>
        Promise.all(candidates.map((key) => redis.exists(keys.session(key), keys.tokens(key)))),
      );
      await removeEntries(
        name,
        candidates.filter((_, at) => records[at] === 0),
      );
    },
    remove: removeEntries,
    async scan(cursor, count, tag = '') {
      const [, node = '0', nodeCursor = '0'] = CURSOR.exec(cursor ?? '0:0') ?? [];
      return await run('list sessions', (redis) => {
        const nodes = nodesOf(redis);
        // The Cluster has fewer nodes than when the cursor was issued: nothing is left to list.
        if (Number(node) >= nodes.length) return Promise.resolve({ keys: [], cursor: undefined });
        return scanNode(nodes, [Number(node), nodeCursor], count, tag);
      });
    },
  };
}
