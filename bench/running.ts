/** A running contender: signed in, checked to forward the access token, with a core to itself. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../test/support/wait.ts';
import { HEADERS, signIn } from './load/browser.ts';
import { type Contender, contenders } from './peers/contenders.ts';
import { memoryOf, pin } from './processes.ts';
import { type Services, startServices } from './services.ts';

/** Core of the contender; everything else runs on the other one. */
const CONTENDER_CORE = '0';
export const OTHER_CORE = '1';

export interface RunningContender extends Contender {
  pid: number;
  url: string;
  cookie: string;
  /** Megabytes before any load. */
  idle: number;
}

/** Starts a contender and signs in. */
export async function startContender(contender: Contender, port: number): Promise<RunningContender> {
  const pid = contender.start(port);
  const url = `${contender.tls ? 'https' : 'http'}://127.0.0.1:${port}`;
  const small = `${url}/api/small.json`;
  await until(async () => (await fetch(small, { redirect: 'manual' })).status < 500, { what: contender.name });
  const cookie = contender.login === undefined ? '' : await signIn(url + contender.login);
  const response = await fetch(small, { redirect: 'manual', headers: { ...HEADERS, cookie } });
  const body = await response.text();
  if (response.status !== 200 || body.length !== 1024)
    throw new Error(`${contender.name} responds with ${response.status}`);
  const seen = await (await fetch(`${url}/api/echo`, { headers: { ...HEADERS, cookie } })).text();
  // Authorization, cookie, and the header that some peers use instead; a cookie may contain the separator.
  const parts = seen.split('|');
  const token = Math.max(parts[0]?.length ?? 0, parts.at(-1)?.length ?? 0);
  if (token < 500) throw new Error(`${contender.name} does not forward an access token`);
  return { ...contender, pid, url, cookie, idle: memoryOf(pid) };
}

/** Starts only the gateway, with a core to itself, and the services it needs on the other one. */
export async function startGatewayContender(): Promise<{ gateway: RunningContender; services: Services }> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  const services = await startServices(folder);
  const contender = contenders(folder, services).find(({ name }) => name === 'bff-gateway');
  if (!contender) throw new Error('the gateway is not among the contenders');
  const gateway = await startContender(contender, 4110);
  pinToCores([gateway]);
  return { gateway, services };
}

/** Pins the contenders to one core and everything else to the other. */
export function pinToCores(running: readonly RunningContender[]): void {
  // Starts with this process, because all others are its children.
  pin(process.pid, OTHER_CORE);
  for (const { pid } of running) pin(pid, CONTENDER_CORE);
}
