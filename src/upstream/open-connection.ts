/** Opens the connections of a pool, with the client that the configuration chooses. */
import { type ConnectOptions, createConnect } from './connect/connect.ts';
import { Connection } from './http/connection.ts';
import type { ConnectionLimits, OpenConnection, UpstreamClient } from './http/request-port.ts';
import { UndiciConnection } from './undici/undici-connection.ts';

export interface OpenOptions extends ConnectOptions, ConnectionLimits {
  readonly client: UpstreamClient;
}

/** Returns the function with which a pool opens its connections. */
export function createOpenConnection(options: OpenOptions): OpenConnection {
  const connect = createConnect(options);
  if (options.client === 'undici')
    return function openForUndici(owner, { onOpen, onFailed }) {
      return connect({ onFailed, onConnected: (socket) => onOpen(new UndiciConnection(socket, options, owner)) });
    };
  return function open(owner, { onOpen, onFailed }) {
    let connection: Connection | undefined;
    return connect({
      onFailed,
      onBytes: (chunk) => connection?.feed(chunk),
      onConnected(socket) {
        connection = new Connection(socket, options, owner);
        onOpen(connection);
      },
    });
  };
}
