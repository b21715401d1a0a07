/** The gateway as its user runs it: a YAML file, `start --config FILE`, ready when the admin listener says so. */
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ConfigInput } from '../../src/config/schema/schema.ts';
import { freePort, launch, type Running, ready } from './processes.ts';

export interface Gateway extends Running {
  port: number;
  adminPort: number;
}

const REPOSITORY = join(import.meta.dirname, '../..');

/** A key for one test file; the replicas of a file share it. */
export function newKey(): string {
  return randomBytes(48).toString('base64url');
}

/** Writes the configuration, starts a gateway with it, and waits for `/readyz` (or `/livez`, when the provider is away). */
export async function startGateway(
  folder: string,
  config: ConfigInput,
  probe: 'readyz' | 'livez' = 'readyz',
): Promise<Gateway> {
  const port = config.listen?.port ?? (await freePort());
  const adminPort = await freePort();
  const file = join(folder, `gateway-${port}.yaml`);
  const written: ConfigInput = {
    ...config,
    listen: { host: '127.0.0.1', port },
    admin: { host: '127.0.0.1', port: adminPort },
    // The balancer of this suite needs no time to see that a gateway stops.
    limits: { drainDelay: '0s', ...config.limits },
  };
  await writeFile(file, stringify(written));
  const running = launch({
    command: 'node',
    args: ['src/main.ts', 'start', '--config', file],
    log: join(folder, `gateway-${port}.log`),
    cwd: REPOSITORY,
  });
  await ready('the gateway', running, 30, async () => {
    const answer = await fetch(`http://127.0.0.1:${adminPort}/${probe}`);
    await answer.body?.cancel();
    return answer.ok || undefined;
  });
  return { ...running, port, adminPort };
}
