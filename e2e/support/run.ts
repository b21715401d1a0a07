/** What all files of one run share: one Keycloak and one Redis, started before them and stopped after them. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Addresses of the shared servers, handed to the test processes through their environment. */
export interface SharedServers {
  /** Built distribution and primed database, for a file that wants a Keycloak of its own. */
  keycloakHome: string;
  keycloakDatabase: string;
  keycloakOrigin: string;
  redisUrl: string;
  /** Folder for the logs and databases of this run. */
  folder: string;
}

const VARIABLE = 'BFF_E2E';
const REPOSITORY = join(import.meta.dirname, '../..');

/** Where Keycloak is kept between runs: `BFF_CACHE`, or a folder of the repository that git ignores. */
export function cacheFolder(): string {
  return process.env.BFF_CACHE ?? join(REPOSITORY, '.cache');
}

/** Folder of this run's logs, inside the git-ignored results folder. */
export async function newRunFolder(): Promise<string> {
  const folder = join(REPOSITORY, 'test-results', `run-${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

export function publishServers(servers: SharedServers): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

/** The servers of this run. */
export function sharedServers(): SharedServers {
  const text = process.env[VARIABLE];
  if (text === undefined) throw new Error('the servers are not running: start this suite with `npm run test:e2e`');
  return JSON.parse(text) as SharedServers;
}
