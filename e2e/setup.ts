/** Global set-up of the suite: makes Keycloak ready, starts it and a Redis once for all test files, stops both at the end. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareKeycloak } from './support/distribution.ts';
import { startServer } from './support/keycloak.ts';
import type { Running } from './support/processes.ts';
import { startRedis } from './support/redis.ts';
import { cacheFolder, newRunFolder, publishServers } from './support/run.ts';

const running: Running[] = [];

/** Called by the test runner before the first file. */
export async function globalSetup(): Promise<void> {
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

/** Called by the test runner after the last file, whatever came of them. */
export async function globalTeardown(): Promise<void> {
  await Promise.all(running.map((process) => process.stop()));
}
