/** A contender that runs: signed in, proven to pass the access token on, with a core for itself. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../test/support/wait.ts';
import { HEADERS, signIn } from './load/browser.ts';
import { type Contender, contenders } from './peers/contenders.ts';
import { memoryOf, pin } from './processes.ts';
import { type Services, startServices } from './services.ts';

/** The contender has this core for itself, everything else has the other one. */
const OWN = '0';
export const OTHERS = '1';

export interface Running extends Contender {
  pid: number;
  url: string;
  cookie: string;
  /** Megabytes before any load. */
  idle: number;
}

/** Starts it and signs in. */
export async function begin(contender: Contender, port: number): Promise<Running> {
  const pid = contender.start(port);
  const url = `http://127.0.0.1:${port}`;
  const small = `${url}/api/small.json`;
  await until(async () => (await fetch(small, { redirect: 'manual' })).status < 500, { what: contender.name });
  const cookie = contender.login === undefined ? '' : await signIn(url + contender.login);
  const answer = await fetch(small, { redirect: 'manual', headers: { ...HEADERS, cookie } });
  const body = await answer.text();
  if (answer.status !== 200 || body.length !== 1024) throw new Error(`${contender.name} answers ${answer.status}`);
  const seen = await (await fetch(`${url}/api/echo`, { headers: { ...HEADERS, cookie } })).text();
  // Authorization, cookie, and the header that some use instead; a cookie may hold the mark between them.
  const parts = seen.split('|');
  const token = Math.max(parts[0]?.length ?? 0, parts.at(-1)?.length ?? 0);
  if (token < 500) throw new Error(`${contender.name} sends no access token`);
  return { ...contender, pid, url, cookie, idle: memoryOf(pid) };
}

/** The gateway alone, with a core for itself and everything that it needs beside it. */
export async function beginGateway(): Promise<{ gateway: Running; services: Services }> {
  const folder = mkdtempSync(join(tmpdir(), 'bff-bench-'));
  const services = await startServices(folder);
  const contender = contenders(folder, services).find(({ name }) => name === 'bff-gateway');
  if (!contender) throw new Error('the gateway is not among the contenders');
  const gateway = await begin(contender, 4110);
  shareCores([gateway]);
  return { gateway, services };
}

/** Gives everybody a core. */
export function shareCores(running: readonly Running[]): void {
  // This process first: everything else was started by it.
  pin(process.pid, OTHERS);
  for (const { pid } of running) pin(pid, OWN);
}
