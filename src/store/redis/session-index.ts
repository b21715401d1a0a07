/** Under what a session can be found beside its key, in Redis: one sorted set for each name, scored by when an entry lapses. */
import { Cluster, type Redis } from 'ioredis';
import type { SessionIndex } from '../port/store.ts';
import type { RedisCall } from './client.ts';
import type { RedisKeys } from './keys.ts';

/** `<number of the node>:<cursor of SCAN there>`; nodes are taken in the order of their addresses. */
const CURSOR = /^(\d{1,5}):(\d{1,20})$/;

function nodesOf(client: Redis | Cluster): Redis[] {
  if (!(client instanceof Cluster)) return [client];
  const address = ({ options }: Redis) => `${options.host}:${options.port}`;
  return client.nodes('master').sort((a, b) => address(a).localeCompare(address(b)));
}

/** Builds it; `prefix` is what all keys of this gateway begin with. */
export function redisIndex(call: RedisCall, keys: RedisKeys, clock: () => number): SessionIndex {
  const pattern = keys.session('*').replace(/[\\[\]?]/g, '\\$&');
  const [before = '', after = ''] = keys.session('\n').split('\n');
  const keyIn = (name: string) => name.slice(before.length, name.length - after.length);

  async function scanNode(nodes: readonly Redis[], at: number, cursor: string, count: number) {
    const [next, names] = await (nodes[at] as Redis).scan(cursor, 'MATCH', pattern, 'COUNT', count);
    if (next !== '0') return { keys: names.map(keyIn), cursor: `${at}:${next}` };
    return { keys: names.map(keyIn), cursor: at + 1 < nodes.length ? `${at + 1}:0` : undefined };
  }

  return {
    async add(name, key, expiresAt) {
      await call('index session', (redis) => redis.bffIndex(keys.index(name), key, Math.ceil(expiresAt), clock()));
    },
    list: (name) => call('find sessions', (redis) => redis.zrangebyscore(keys.index(name), `(${clock()}`, '+inf')),
    async remove(name, gone) {
      if (gone.length === 0) return;
      await call('forget sessions', (redis) => redis.zrem(keys.index(name), ...gone));
    },
    async scan(cursor, count) {
      const [, node = '0', at = '0'] = CURSOR.exec(cursor ?? '0:0') ?? [];
      return await call('list sessions', (redis) => {
        const nodes = nodesOf(redis);
        // A cursor of a cluster that has become smaller has nothing left to list.
        if (Number(node) >= nodes.length) return Promise.resolve({ keys: [], cursor: undefined });
        return scanNode(nodes, Number(node), at, count);
      });
    },
  };
}
