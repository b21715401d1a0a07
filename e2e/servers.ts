/** Starts the servers that the test files of a run share: Keycloak, prepared if necessary, and Redis. */
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { prepareKeycloak } from './support/distribution.ts';
import { startKeycloak } from './support/keycloak.ts';
import type { Running } from './support/processes.ts';
import { startRedis } from './support/redis.ts';
import { cacheFolder, newRunFolder, publishServers } from './support/run.ts';

const running: Running[] = [];
let started: Promise<void> | undefined;

/** Starts Redis and one Keycloak for each of `slots` concurrent files; further calls have no effect. */
export function startServers(slots: number): Promise<void> {
  started ??= start(slots);
  return started;
}

async function start(slots: number): Promise<void> {
  const folder = await newRunFolder();
  const { home, database } = await prepareKeycloak(cacheFolder(), (line) => console.log(`e2e: ${line}`));
  const redis = await startRedis(join(folder, 'redis.log'));
  running.push(redis);
  const startOne = async (_: unknown, slot: number) => {
    const own = join(folder, `keycloak-db-${slot}`);
    await cp(database, own, { recursive: true });
    const keycloak = await startKeycloak({ home, database: own, log: join(folder, `keycloak-${slot}.log`) });
    running.push(keycloak);
    return keycloak.origin;
  };
  const origins = await Promise.all(Array.from({ length: slots }, startOne));
  publishServers(
    origins.map((keycloakOrigin) => ({
      keycloakHome: home,
      keycloakDatabase: database,
      keycloakOrigin,
      redisUrl: redis.url,
      folder,
    })),
  );
}

/** Stops the servers that were started. */
export async function stopServers(): Promise<void> {
  await started?.catch(() => undefined);
  await Promise.all(running.map((process) => process.stop()));
}
