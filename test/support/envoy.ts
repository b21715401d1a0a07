/** Starts a real Envoy with a static configuration. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FrontProxy, startFrontProxy } from './front-proxy.ts';

/** `.ci/prepare.sh` installs it. */
const COMMAND = join(import.meta.dirname, '../../.cache/bin/envoy');

/** Starts Envoy with a configuration whose listener is on this loopback port. */
export function startEnvoy(port: number, config: string): Promise<FrontProxy> {
  function prepare(folder: string): string[] {
    const file = join(folder, 'envoy.yaml');
    writeFileSync(file, config);
    return ['--config-path', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
  }
  return startFrontProxy({ command: COMMAND, prepare, port, signal: 'SIGTERM' });
}
