/** Keycloak made ready once and kept in a cache folder: fetched, unpacked, built, and started once with the realm. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, openSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from './keycloak.ts';

const VERSION = '26.7.3';
const REALM = join(import.meta.dirname, '../../deploy/keycloak/bff-realm.json');

/** What `kc.sh build` is told: what a sign-in needs, and nothing that only costs time at start. */
const BUILD = [
  '--db=dev-file',
  '--health-enabled=true',
  '--features-disabled=impersonation,kerberos,docker,ciba,device-flow,organization,authorization,admin-fine-grained-authz,workflows,step-up-authentication-saml,identity-brokering-api,twitter-broker',
];

/** A built Keycloak, and a database that holds the realm already. Neither is changed by a run. */
export interface Distribution {
  home: string;
  database: string;
}

/** Brings the distribution into the cache folder, as far as it is not there, and says where it is. */
export async function prepareKeycloak(cache: string, say: (line: string) => void): Promise<Distribution> {
  const folder = join(cache, 'keycloak');
  const home = join(folder, `keycloak-${VERSION}-${digest(VERSION, ...BUILD)}`);
  const database = join(folder, `realm-${digest(VERSION, ...BUILD, readFileSync(REALM, 'utf8'))}`);
  await mkdir(folder, { recursive: true });
  if (!existsSync(home)) await install(folder, home, say);
  if (!existsSync(database)) await prime(folder, home, database, say);
  return { home, database };
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

async function install(folder: string, home: string, say: (line: string) => void): Promise<void> {
  const zip = join(folder, `keycloak-quarkus-dist-${VERSION}.zip`);
  const log = join(folder, 'install.log');
  if (!existsSync(zip)) {
    say(`fetching Keycloak ${VERSION} from Maven Central (177 MB)`);
    const artifact = `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
    const incoming = join(folder, `incoming-${process.pid}`);
    await run('mvn', ['-B', '-q', 'dependency:copy', artifact, `-DoutputDirectory=${incoming}`], log);
    await rename(join(incoming, `keycloak-quarkus-dist-${VERSION}.zip`), zip);
    await rm(incoming, { recursive: true });
  }
  say('unpacking and building Keycloak (about a minute, once)');
  const unpacked = join(folder, `unpacked-${process.pid}`);
  await run('unzip', ['-q', '-o', zip, '-d', unpacked], log);
  await run(join(unpacked, `keycloak-${VERSION}`, 'bin/kc.sh'), ['build', ...BUILD], log);
  await rename(join(unpacked, `keycloak-${VERSION}`), home);
  await rm(unpacked, { recursive: true });
}

/** The first start writes schema and realm. Its database is kept, so that every later start takes a third of the time. */
async function prime(folder: string, home: string, database: string, say: (line: string) => void): Promise<void> {
  say('writing the realm into a fresh Keycloak database (about half a minute, once)');
  const fresh = join(folder, `fresh-${process.pid}`);
  const imports = join(home, 'data/import');
  await mkdir(imports, { recursive: true });
  // The file has to be named after the realm.
  await cp(REALM, join(imports, 'bff-realm.json'));
  const server = await startServer({ home, database: fresh, log: join(folder, 'prime.log'), importRealm: true });
  await server.stop();
  await rename(fresh, database);
}

function run(command: string, args: string[], log: string): Promise<void> {
  const out = openSync(log, 'a');
  const child = spawn(command, args, { stdio: ['ignore', out, out] });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) =>
      code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}:\n${tail(log)}`)),
    );
  });
}

function tail(file: string): string {
  return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n');
}
