/** Opens connections to one upstream, plain or by TLS. */
import { isIP, type LookupFunction, connect as netConnect, type Socket } from 'node:net';
import { createSecureContext, type SecureContext, connect as tlsConnect } from 'node:tls';

export interface ConnectOptions {
  readonly origin: string;
  readonly lookup: LookupFunction;
  /** PEM of the CA, where the system's do not know the upstream's. */
  readonly ca?: string;
  /** What is shown to an upstream that asks for a client certificate. */
  readonly cert?: string;
  readonly key?: string;
}

/** Opens a connection; `feed` gets what comes, in memory that is its own until it returns. */
export type Connect = (feed: (chunk: Buffer) => void, opened: () => void) => Socket;

/** Read into by all plain connections in turn: what is kept is copied. */
const shared = Buffer.allocUnsafeSlow(64 * 1024);
/** Finds out about peers that are gone without a word. */
const KEEP_ALIVE_PROBE = 60_000;

/** Builds the opener. The certificate of the upstream is always verified, whatever the environment of Node says. */
export function createConnect({ origin, lookup, ca, cert, key }: ConnectOptions): Connect {
  const { protocol, hostname, port } = new URL(origin);
  const host = hostname.replace(/^\[|\]$/g, '');
  const where = { host, lookup, autoSelectFamily: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_PROBE };
  if (protocol !== 'https:')
    return function connectPlain(feed, opened) {
      const callback = (length: number) => {
        feed(shared.subarray(0, length));
        return true;
      };
      const onread = { buffer: shared, callback };
      return netConnect({ ...where, port: Number(port || 80), noDelay: true, onread }, opened);
    };
  const secure = {
    ...where,
    port: Number(port || 443),
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1'],
    ...(isIP(host) ? {} : { servername: host }),
  };
  const trust = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
  // Parsed once instead of for each connection.
  let secureContext: SecureContext | undefined;
  // Resumed, so that a connection more costs the upstream no full handshake.
  let session: Buffer | undefined;
  return function connectSecure(feed, opened) {
    secureContext ??= createSecureContext(trust);
    const socket = tlsConnect({ ...secure, secureContext, ...(session === undefined ? {} : { session }) }, opened);
    socket.setNoDelay(true);
    socket.on('session', (fresh: Buffer) => {
      session = fresh;
    });
    socket.on('error', () => {
      session = undefined;
    });
    socket.on('data', feed);
    return socket;
  };
}
