/** Starts a real Traefik with a dynamic configuration. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrontProxy, startFrontProxy } from './front-proxy.ts';

/** `.ci/prepare.sh` installs it. */
const COMMAND = join(import.meta.dirname, '../../.cache/bin/traefik');

/** A route of the test itself, answered by Traefik: it is there as soon as the rest of the configuration is. */
const READY = '/loaded-for-the-test';
const READY_ROUTE = { http: { routers: { ready: { rule: `Path(\`${READY}\`)`, service: 'noop@internal' } } } };

/** Starts Traefik on a loopback port, with one dynamic configuration in several parts. */
export function startTraefik(port: number, ...dynamic: string[]): Promise<FrontProxy> {
  function prepare(folder: string): string[] {
    const [file, directory] = [join(folder, 'traefik.yaml'), join(folder, 'dynamic')];
    mkdirSync(directory);
    for (const [index, text] of dynamic.entries()) writeFileSync(join(directory, `part-${index}.yaml`), text);
    writeFileSync(join(directory, 'ready.yaml'), JSON.stringify(READY_ROUTE));
    const settings = {
      global: { checkNewVersion: false, sendAnonymousUsage: false },
      log: { level: 'ERROR' },
      entryPoints: { web: { address: `127.0.0.1:${port}` } },
      providers: { file: { directory } },
    };
    writeFileSync(file, JSON.stringify(settings));
    return [`--configFile=${file}`];
  }
  const isReady = async () => (await fetch(`http://127.0.0.1:${port}${READY}`)).status !== 404;
  return startFrontProxy({ command: COMMAND, prepare, port, signal: 'SIGTERM', isReady });
}
