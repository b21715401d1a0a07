/** What the files of one run share: Keycloak, one for each file that runs at the same time, and Redis. */
import { mkdir, readdir, rm } from 'node:fs/promises';
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

/** Holds one `SharedServers` for each file that runs at the same time. */
const VARIABLE = 'E2E_SERVERS';
/** The one of them that a test process uses, counted from 0. */
const SLOT = 'E2E_SLOT';
const REPOSITORY = join(import.meta.dirname, '../..');

/** Where Keycloak is kept between runs: `E2E_CACHE`, or a folder of the repository that git ignores. */
export function cacheFolder(): string {
  return process.env.E2E_CACHE ?? join(REPOSITORY, '.cache');
}

/** Folder of this run's logs, inside the git-ignored results folder. Those of earlier runs go. */
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

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
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
