/** Starts the gateway as an operator does: a YAML file, `start --config FILE`, ready by its admin listener. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { freePort, launch, type Running, waitUntilReady } from './processes.ts';

export interface Gateway extends Running {
  port: number;
  adminPort: number;
}

const REPOSITORY = join(import.meta.dirname, '../..');

/** Creates a key for one test file; the replicas of a file share it. */
export function newKey(): string {
  return randomBytes(48).toString('base64url');
}

/** Writes the configuration, starts a gateway with it, and waits for `/readyz` (or `/livez` when the provider is down). */
export async function startGateway(
  folder: string,
  config: ConfigInput,
  probe: 'readyz' | 'livez' = 'readyz',
): Promise<Gateway> {
  const port = config.listen?.port ?? (await freePort());
  const adminPort = await freePort();
  const file = join(folder, `gateway-${port}.yaml`);
  const complete: ConfigInput = {
    ...config,
    listen: { host: '127.0.0.1', port },
    admin: { host: '127.0.0.1', port: adminPort },
    // The load balancer of this suite does not have to notice the stop first.
    limits: { drainDelay: '0s', ...config.limits },
  };
  await writeFile(file, stringify(complete));
  const running = launch({
    command: 'node',
    args: ['src/main.ts', 'start', '--config', file],
    log: join(folder, `gateway-${port}.log`),
    cwd: REPOSITORY,
  });
  await waitUntilReady('the gateway', running, 30, async () => {
    const response = await fetch(`http://127.0.0.1:${adminPort}/${probe}`);
    await response.body?.cancel();
    return response.ok || undefined;
  });
  return { ...running, port, adminPort };
}
