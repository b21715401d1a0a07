/** Servers shared by the test files of a run: Redis, and one Keycloak for each concurrent file. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from '../../test/support/is-alive.ts';

/** URLs and paths of the shared servers, passed to the test processes in their environment. */
export interface SharedServers {
  /** Built distribution and prepared database, for a file that needs its own Keycloak. */
  keycloakHome: string;
  keycloakDatabase: string;
  keycloakOrigin: string;
  redisUrl: string;
  /** Folder for the logs and databases of this run. */
  folder: string;
}

/** Variable with one `SharedServers` for each concurrent file. */
const VARIABLE = 'E2E_SERVERS';
/** Variable with the index that a test process uses. */
const SLOT = 'E2E_SLOT';
const REPOSITORY = join(import.meta.dirname, '../..');

/** The folder that keeps Keycloak between runs: `E2E_CACHE`, or `.cache` in the repository. */
export function cacheFolder(): string {
  return process.env.E2E_CACHE ?? join(REPOSITORY, '.cache');
}

/** Creates the folder for the logs of this run, and removes those of earlier runs. */
export async function newRunFolder(): Promise<string> {
  const results = join(REPOSITORY, 'test-results');
  await mkdir(results, { recursive: true });
  for (const name of await readdir(results)) {
    const pid = /^run-(\d+)$/.exec(name)?.[1];
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(results, name), { recursive: true, force: true });
    if (name.endsWith('.png')) await rm(join(results, name), { force: true });
  }
  const folder = join(results, `run-${process.pid}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

export function publishServers(servers: SharedServers[]): void {
  process.env[VARIABLE] = JSON.stringify(servers);
}

/** The environment of a test process that uses the servers of a slot. */
export const slotEnvironment = (slot: number): Record<string, string> => ({ [SLOT]: String(slot) });

/** The servers of this test process. */
export function sharedServers(): SharedServers {
  const { [VARIABLE]: text = '[]', [SLOT]: slot = '0' } = process.env;
  const servers = (JSON.parse(text) as SharedServers[])[Number(slot)];
  if (servers === undefined) throw new Error('the servers are not running: start this suite with `npm run test:e2e`');
  return servers;
}
