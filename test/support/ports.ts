/** Finds TCP ports for servers that cannot choose one themselves, outside the range that outgoing connections use. */
import { createServer } from 'node:net';

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}

/** Nobody need listen on them yet, so that they still look free. */
const given = new Set<number>();

/** A port on loopback that nobody listens on at this moment, and that was not given before. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
  throw new Error('no free port found between 20000 and 32000');
}
