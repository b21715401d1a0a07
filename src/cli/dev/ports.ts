/** Free ports of this machine for `bff-gateway dev`. */
import { createServer } from 'node:net';
import { closeServer, listen } from '../../tuning/listening-sockets.ts';

const HOST = '127.0.0.1';
/** How many ports are tried. */
const ATTEMPTS = 50;

function isFree(port: number): Promise<boolean> {
  const probe = createServer();
  return listen(probe, port, HOST).then(
    () => closeServer(probe).then(() => true),
    () => false,
  );
}

/** The port, or if `isChosen` is false the next free one. Throws an Error that names the option if there is none. */
export async function findPort(option: string, port: number, isChosen: boolean): Promise<number> {
  if (isChosen) {
    if (await isFree(port)) return port;
    throw new Error(`${option} ${port}: another program uses this port; stop it, or give another ${option}`);
  }
  for (let next = port; next < port + ATTEMPTS && next <= 65_535; next += 1) if (await isFree(next)) return next;
  throw new Error(`no port from ${port} on is free; give one with ${option}`);
}
