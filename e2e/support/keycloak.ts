/** One Keycloak server: started on a database of its own, ready when it says so, stopped cleanly. */
import { join } from 'node:path';
import { freePort, launch, type Running, ready } from './processes.ts';

export interface KeycloakOptions {
  home: string;
  /** Folder of the H2 database. */
  database: string;
  log: string;
  importRealm?: boolean;
  /** Where it listens; free ports when left out. */
  port?: number;
  managementPort?: number;
}

export interface Keycloak extends Running {
  /** The origin that browsers and tokens know. Not `localhost`: the gateway is there, and the two must be different sites. */
  origin: string;
  port: number;
  managementPort: number;
}

/** The first administrator, who exists in the throw-away databases of this suite only. */
export const ADMIN = { username: 'admin', password: 'admin' };

// One small heap, the quick compiler and the simple collector: half the start-up time of the defaults.
const JAVA_OPTS =
  '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms128m -Xmx384m -XX:MaxMetaspaceSize=256m -Dfile.encoding=UTF-8 -XX:+ExitOnOutOfMemoryError';

/** Starts a built Keycloak and waits until it is ready. */
export async function startServer(options: KeycloakOptions): Promise<Keycloak> {
  const port = options.port ?? (await freePort());
  const managementPort = options.managementPort ?? (await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const running = launch({
    command: join(options.home, 'bin/kc.sh'),
    args: [
      'start',
      '--optimized',
      '--http-enabled=true',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      `--http-management-port=${managementPort}`,
      `--hostname=${origin}`,
      `--db-url=jdbc:h2:file:${join(options.database, 'keycloakdb')};NON_KEYWORDS=VALUE;DB_CLOSE_ON_EXIT=FALSE`,
      '--cache=local',
      '--log-level=warn',
      ...(options.importRealm ? ['--import-realm'] : []),
    ],
    log: options.log,
    env: { JAVA_OPTS, KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username, KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password },
  });
  // An open port is not enough: it opens before the realms are served.
  await ready('Keycloak', running, 240, async () => {
    const answer = await fetch(`http://127.0.0.1:${managementPort}/health/ready`);
    await answer.body?.cancel();
    return answer.ok || undefined;
  });
  return { ...running, origin, port, managementPort };
}
