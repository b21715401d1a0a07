/** Prepares Keycloak once in a cache folder: downloads, unpacks and builds it, and starts it once to import the realm. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startKeycloak } from './keycloak.ts';
import { runToEnd } from './processes.ts';

const VERSION = '26.7.3';
const REALM = join(import.meta.dirname, '../../deploy/keycloak/bff-realm.json');

/** Options of `kc.sh build`; features that sign-in does not need are disabled to start faster. */
const BUILD_OPTIONS = [
  '--db=dev-file',
  '--health-enabled=true',
  // Without an HTTPS port it has no effect.
  '--https-client-auth=request',
  '--features-disabled=impersonation,kerberos,docker,ciba,device-flow,organization,authorization,admin-fine-grained-authz,workflows,step-up-authentication-saml,identity-brokering-api,twitter-broker',
];

/** A built Keycloak, and a database that contains the realm. Runs do not change them. */
export interface Distribution {
  home: string;
  database: string;
}

/** Prepares what is missing in the cache folder and returns the paths. */
export async function prepareKeycloak(cache: string, log: (line: string) => void): Promise<Distribution> {
  const folder = join(cache, 'keycloak');
  const home = join(folder, `keycloak-${VERSION}-${digest(VERSION, ...BUILD_OPTIONS)}`);
  const database = join(folder, `realm-${digest(VERSION, ...BUILD_OPTIONS, readFileSync(REALM, 'utf8'))}`);
  await mkdir(folder, { recursive: true });
  if (!existsSync(home)) await install(folder, home, log);
  if (!existsSync(database)) await createDatabase(folder, home, database, log);
  return { home, database };
}

function digest(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 12);
}

async function install(folder: string, home: string, log: (line: string) => void): Promise<void> {
  const zip = join(folder, `keycloak-quarkus-dist-${VERSION}.zip`);
  const logFile = join(folder, 'install.log');
  if (!existsSync(zip)) {
    log(`downloading Keycloak ${VERSION} from Maven Central (177 MB)`);
    const artifact = `-Dartifact=org.keycloak:keycloak-quarkus-dist:${VERSION}:zip`;
    const incoming = join(folder, `incoming-${process.pid}`);
    await runToEnd('mvn', ['-B', '-q', 'dependency:copy', artifact, `-DoutputDirectory=${incoming}`], logFile);
    await rename(join(incoming, `keycloak-quarkus-dist-${VERSION}.zip`), zip);
    await rm(incoming, { recursive: true });
  }
  log('unpacking and building Keycloak (about a minute, once)');
  const unpacked = join(folder, `unpacked-${process.pid}`);
  await runToEnd('unzip', ['-q', '-o', zip, '-d', unpacked], logFile);
  await runToEnd(join(unpacked, `keycloak-${VERSION}`, 'bin/kc.sh'), ['build', ...BUILD_OPTIONS], logFile);
  await rename(join(unpacked, `keycloak-${VERSION}`), home);
  await rm(unpacked, { recursive: true });
}

/** Starts Keycloak once to create schema and realm. Copies of this database make later starts three times as fast. */
async function createDatabase(
  folder: string,
  home: string,
  database: string,
  log: (line: string) => void,
): Promise<void> {
  log('importing the realm into a new Keycloak database (about half a minute, once)');
  const fresh = join(folder, `fresh-${process.pid}`);
  const imports = join(home, 'data/import');
  await mkdir(imports, { recursive: true });
  // Keycloak requires this file name for the realm.
  await cp(REALM, join(imports, 'bff-realm.json'));
  const server = await startKeycloak({ home, database: fresh, log: join(folder, 'prime.log'), importRealm: true });
  await server.stop();
  await rename(fresh, database);
}
