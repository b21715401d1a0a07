/** The servers that all test files of a run share: Keycloak, made ready when it is not, and Redis. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareKeycloak } from './support/distribution.ts';
import { startServer } from './support/keycloak.ts';
import type { Running } from './support/processes.ts';
import { startRedis } from './support/redis.ts';
import { cacheFolder, newRunFolder, publishServers } from './support/run.ts';

const running: Running[] = [];

/** Starts both before the first file. */
export async function startServers(): Promise<void> {
  const folder = await newRunFolder();
  const { home, database } = await prepareKeycloak(cacheFolder(), (line) => console.log(`e2e: ${line}`));
  await cp(database, join(folder, 'keycloak-db'), { recursive: true });
  const [redis, keycloak] = await Promise.all([
    startRedis(join(folder, 'redis.log')),
    startServer({ home, database: join(folder, 'keycloak-db'), log: join(folder, 'keycloak.log') }),
  ]);
  running.push(redis, keycloak);
  publishServers({
    keycloakHome: home,
    keycloakDatabase: database,
    keycloakOrigin: keycloak.origin,
    redisUrl: redis.url,
    folder,
  });
}

/** Stops both after the last file, whatever came of the tests. */
export async function stopServers(): Promise<void> {
  await Promise.all(running.map((process) => process.stop()));
}
