/** Starts a Keycloak server with its own database and waits until it is ready. */
import { join } from 'node:path';
import { freePort, launch, type Running, waitUntilReady } from './processes.ts';

export interface KeycloakOptions {
  home: string;
  /** Folder of the H2 database. */
  database: string;
  log: string;
  importRealm?: boolean;
  /** Ports; free ones by default. */
  port?: number;
  managementPort?: number;
  /** An HTTPS port in addition, which requests client certificates. */
  tls?: { port: number; certificate: string; key: string; clientCa: string };
}

export interface Keycloak extends Running {
  /** The origin in browsers and tokens. Not `localhost`, because the gateway must be on another site. */
  origin: string;
  port: number;
  managementPort: number;
}

/** The initial administrator; exists only in the temporary databases of this suite. */
export const ADMIN = { username: 'admin', password: 'admin' };

// A small heap, the C1 compiler and the serial collector halve the start-up time.
const JAVA_OPTS =
  '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xms128m -Xmx384m -XX:MaxMetaspaceSize=256m -Dfile.encoding=UTF-8 -XX:+ExitOnOutOfMemoryError';

/** Starts a built Keycloak and waits until it is ready. */
export async function startKeycloak(options: KeycloakOptions): Promise<Keycloak> {
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
      ...(options.tls
        ? [
            `--https-port=${options.tls.port}`,
            `--https-certificate-file=${options.tls.certificate}`,
            `--https-certificate-key-file=${options.tls.key}`,
            `--truststore-paths=${options.tls.clientCa}`,
            // The health endpoint would have the certificate too.
            '--http-management-scheme=http',
          ]
        : []),
      ...(options.importRealm ? ['--import-realm'] : []),
    ],
    log: options.log,
    env: { JAVA_OPTS, KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.username, KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password },
  });
  // The port opens before the realms are available, so this waits for the health endpoint.
  await waitUntilReady('Keycloak', running, 240, async () => {
    const response = await fetch(`http://127.0.0.1:${managementPort}/health/ready`);
    await response.body?.cancel();
    return response.ok || undefined;
  });
  return { ...running, origin, port, managementPort };
}
