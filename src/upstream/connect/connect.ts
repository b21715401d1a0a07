/** Opens connections to one upstream: over TCP with or without TLS, or to a Unix socket. */
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, type TLSSocket, connect as tlsConnect } from 'node:tls';
import { type ConnectEvents, type Connecting, connectToFirst } from './attempts.ts';
import { socketPath } from './target-url.ts';

/** How connections with TLS are established; without effect on others. */
export interface TlsOptions {
  /** PEM of the CA that signed the upstream's certificate; the system's CAs when undefined. */
  readonly ca?: string | undefined;
  /** Client certificate for an upstream that requests one. */
  readonly cert?: string;
  readonly key?: string;
  /** Name that is requested and that the certificate must have, instead of the host. */
  readonly serverName?: string | undefined;
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** Accept any certificate. */
  readonly allowInsecure?: boolean;
}

export interface ConnectOptions extends TlsOptions {
  /** Scheme, host and port, or the URL of a Unix socket. */
  readonly origin: string;
  readonly lookup: LookupFunction;
  /** The protocol that TLS negotiates (ALPN, RFC 7301); `http/1.1` by default. */
  readonly protocol?: 'http/1.1' | 'h2';
}

/**
 * Opens a connection. `onBytes` receives the incoming bytes and must copy what it needs after it returns; without it the
 * bytes are read from the socket.
 */
export type Connect = (events: ConnectEvents & { onBytes?(chunk: Buffer): void }) => Connecting;

/** Read buffer shared by all plain connections, which saves an allocation for each read. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Delay of TCP keep-alive probes, which detect peers that disappeared without closing the connection. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/** Returns the connect function of an upstream. */
export function createConnect(options: ConnectOptions): Connect {
  return options.origin.startsWith('https:') ? createTlsConnect(options) : createPlainConnect(options);
}

function addressOptions({ origin, lookup }: ConnectOptions, defaultPort: number) {
  const { hostname, port } = new URL(origin);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || defaultPort),
    lookup,
  };
}

/** Options of every socket. */
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS };

/** Where connections without TLS go: the path of a Unix socket takes the place of an address. */
function plainTarget(options: ConnectOptions) {
  const path = socketPath(options.origin);
  if (path === undefined) {
    const { host, port, lookup } = addressOptions(options, 80);
    return { host, lookup, addressOf: (address: string) => ({ ...SOCKET_OPTIONS, host: address, port }) };
  }
  const lookup: LookupFunction = (_host, _options, callback) => callback(null, [{ address: path, family: 0 }]);
  return { host: '', lookup, addressOf: () => ({ path }) };
}

function createPlainConnect(options: ConnectOptions): Connect {
  const { host, lookup, addressOf } = plainTarget(options);
  return function connectPlain({ onBytes, ...events }) {
    const callback = (length: number) => {
      onBytes?.(sharedBuffer.subarray(0, length));
      return true;
    };
    const read = onBytes ? { onread: { buffer: sharedBuffer, callback } } : {};
    const open = (address: string) => netConnect({ ...read, ...addressOf(address) });
    return connectToFirst({ host, lookup, open }, events);
  };
}

/**
 * The certificate of the upstream is verified unless this upstream says otherwise, even with NODE_TLS_REJECT_UNAUTHORIZED=0.
 */
function createTlsConnect(options: ConnectOptions): Connect {
  const { ca, cert, key, serverName, minVersion, allowInsecure = false, protocol = 'http/1.1' } = options;
  const { host, port, lookup } = addressOptions(options, 443);
  const name = serverName ?? (isIP(host) ? undefined : host);
  const tlsOptions = {
    host,
    rejectUnauthorized: !allowInsecure,
    ALPNProtocols: [protocol],
    ...(name === undefined ? {} : { servername: name }),
  };
  const credentials = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ...(minVersion === undefined ? {} : { minVersion }),
  };
  // Created once, so that the certificates are not parsed for each connection.
  let secureContext: SecureContext | undefined;
  // Reused, so that further connections need no full handshake.
  let session: Buffer | undefined;
  function secure(socket: Socket): TLSSocket {
    secureContext ??= createSecureContext(credentials);
    const secured = tlsConnect({ ...tlsOptions, socket, secureContext, ...(session === undefined ? {} : { session }) });
    secured.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    return secured.on('error', () => {
      session = undefined;
    });
  }

  return function connectTls({ onBytes, onConnected, onFailed }) {
    let secured: TLSSocket | undefined;
    const handshake = (socket: Socket) => {
      const own = secure(socket);
      secured = own.on('error', onFailed).on('close', () => onFailed());
      own.once('secureConnect', () => onConnected(own));
      if (onBytes) own.on('data', onBytes);
    };
    const open = (address: string) => netConnect({ ...SOCKET_OPTIONS, host: address, port });
    const attempts = connectToFirst({ host, lookup, open }, { onConnected: handshake, onFailed });
    return {
      cancel() {
        attempts.cancel();
        secured?.destroy();
      },
    };
  };
}
