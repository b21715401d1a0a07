/** Why a listener cannot open its port, in words: the option, the address, and what to do. */
import { messageOf } from '../errors.ts';

/** The address of a listener, and the group of options that sets it. */
export interface ListenerAddress {
  readonly group: 'listen' | 'listen.redirect' | 'admin' | 'forwardAuth';
  readonly host: string;
  readonly port: number;
}

/** The first port that every user may listen on. */
const FIRST_FREE_PORT = 1024;

function reasonOf({ group, host, port }: ListenerAddress, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const another = `set another ${group}.port (BFF_${group.replace('.', '_').replace('A', '_A').toUpperCase()}_PORT)`;
  switch (code) {
    case 'EADDRINUSE':
      return `${group}.port: ${address} is in use by another process; stop that process, or ${another}`;
    case 'EACCES':
    case 'EPERM':
      return `${group}.port: this user may not listen on ${address}; ${
        port < FIRST_FREE_PORT ? `set a port from ${FIRST_FREE_PORT}, or grant CAP_NET_BIND_SERVICE` : another
      }`;
    case 'EADDRNOTAVAIL':
      return `${group}.host: no network interface of this host has the address ${host}; set 0.0.0.0, or one that it has`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${group}.host: the name ${host} is unknown; set an IP address such as 0.0.0.0`;
    default:
      return `${group}.port: failed to listen on ${address}: ${messageOf(error)}`;
  }
}

/** Returns the handler of a failed attempt to listen: it throws an Error with the option, the address and what to do. */
export function listenFailed(address: ListenerAddress): (error: unknown) => never {
  return (cause) => {
    throw new Error(reasonOf(address, cause), { cause });
  };
}
