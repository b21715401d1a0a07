/** Opens connections to one upstream, with or without TLS. */
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';

export interface ConnectOptions {
  readonly origin: string;
  readonly lookup: LookupFunction;
  /** PEM of the CA that signed the upstream's certificate; the system's CAs when undefined. */
  readonly ca?: string;
  /** Client certificate for an upstream that requests one. */
  readonly cert?: string;
  readonly key?: string;
}

/**
 * Opens a connection. `onBytes` receives the incoming bytes and must copy what it needs after it returns; without it the
 * bytes are read from the socket.
 */
export type Connect = (onBytes: ((chunk: Buffer) => void) | undefined, onConnected: () => void) => Socket;

/** Read buffer shared by all plain connections, which saves an allocation for each read. */
const sharedBuffer = Buffer.allocUnsafeSlow(64 * 1024);
/** Delay of TCP keep-alive probes, which detect peers that disappeared without closing the connection. */
const KEEP_ALIVE_DELAY_MS = 60_000;

/** Returns the connect function of an upstream. */
export function createConnect(options: ConnectOptions): Connect {
  return new URL(options.origin).protocol === 'https:' ? createTlsConnect(options) : createPlainConnect(options);
}

function addressOptions({ origin, lookup }: ConnectOptions, defaultPort: number) {
  const { hostname, port } = new URL(origin);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || defaultPort),
    lookup,
    autoSelectFamily: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_DELAY_MS,
  };
}

function createPlainConnect(options: ConnectOptions): Connect {
  const plain = { ...addressOptions(options, 80), noDelay: true };
  return function connectPlain(onBytes, onConnected) {
    if (!onBytes) return netConnect(plain, onConnected);
    const callback = (length: number) => {
      onBytes(sharedBuffer.subarray(0, length));
      return true;
    };
    return netConnect({ ...plain, onread: { buffer: sharedBuffer, callback } }, onConnected);
  };
}

/** The certificate of the upstream is always verified, even with NODE_TLS_REJECT_UNAUTHORIZED=0. */
function createTlsConnect(options: ConnectOptions): Connect {
  const { ca, cert, key } = options;
  const address = addressOptions(options, 443);
  const tlsOptions = {
    ...address,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(address.host) ? {} : { servername: address.host }),
  };
  const credentials = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  // Created once, so that the certificates are not parsed for each connection.
  let secureContext: SecureContext | undefined;
  // Reused, so that further connections need no full handshake.
  let session: Buffer | undefined;
  return function connectTls(onBytes, onConnected) {
    secureContext ??= createSecureContext(credentials);
    const resumption = session === undefined ? {} : { session };
    const socket = tlsConnect({ ...tlsOptions, secureContext, ...resumption }, onConnected);
    socket.setNoDelay(true);
    socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    socket.on('error', () => {
      session = undefined;
    });
    if (onBytes) socket.on('data', onBytes);
    return socket;
  };
}
