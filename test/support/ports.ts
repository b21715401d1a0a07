/** Finds TCP ports for servers that cannot choose one themselves, outside the range that outgoing connections use. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './is-alive.ts';

/** Test processes run at the same time: a port is claimed by a file here, with the id of the process that has it. */
const CLAIMS = join(tmpdir(), 'bff-test-ports');
const claimed: string[] = [];
process.once('exit', () => {
  for (const file of claimed) rmSync(file, { force: true });
});

/** Claims a port for as long as this process runs; false when a process has it, this one included. */
function claim(port: number): boolean {
  const file = join(CLAIMS, String(port));
  try {
    mkdirSync(CLAIMS, { recursive: true });
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    claimed.push(file);
    return true;
  } catch {
    // The claim of a process that was killed is removed for the next attempt.
    try {
      if (!isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true });
    } catch {
      // Released in between.
    }
    return false;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/**
 * Returns a free loopback port that was not returned before, to this process or to another test process. It is below
 * 30000: tests replace the ports of documented samples (3000, 3001) one after the other, and must not find one of them
 * at the start of a port that they have just put there.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (claim(port) && (await isFree(port))) return port;
  }
  throw new Error('no free port found between 20000 and 29999');
}
