/** TLS of the public port: the options of its server, certificates that change while it runs, and failed handshakes. */
import { constants, randomBytes } from 'node:crypto';
import type { Server, TLSSocket, TlsOptions } from 'node:tls';
import { createFileWatch } from '../../base/watch-files.ts';
import type { Logger } from '../../observe/log.ts';
import type { Metrics } from '../../observe/metrics/metrics.ts';
import { createCertificates, filesOf, type ListenTls } from './certificates.ts';
import { createExpiryLog } from './expiry-log.ts';
import { handshakeFailureOf } from './handshake-failures.ts';

export interface PublicTls {
  /** Options for `createServer` of node:https, or `createSecureServer` of node:http2 with other ALPN protocols. */
  readonly options: TlsOptions;
  /** Gives the server each changed certificate, and handles its failed handshakes. To be called once, before it listens. */
  attach(server: Server): void;
  /** Reads the files now, for example because an operator wants a reload. */
  refresh(): void;
}

export interface PublicTlsParts {
  readonly log: Logger;
  readonly metrics: Pick<Metrics, 'countHandshakeFailure' | 'countCertificateReload' | 'watchCertificates'>;
  /** Milliseconds. */
  readonly handshakeTimeout?: number;
  readonly clock?: () => number;
}

/** Browsers give up after a longer time, but each connection in a handshake is one that others cannot have. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** All files are read this often, in case a change was not noticed, or came between the first reading and the watch. */
const REFRESH_INTERVAL_MS = 60_000;
/** Certificate and key change one after the other. */
const SETTLE_MS = 100;
/** An attacker with the key of session tickets can decrypt the recorded connections of TLS 1.2 that they resumed. */
const TICKET_KEY_LIFETIME_MS = 12 * 3_600_000;
const TICKET_KEY_BYTES = 48;

/**
 * Without renegotiation, a client cannot make the server compute one handshake after the other on a connection. Without tickets, a
 * client certificate is verified for each connection, so that a CA that was removed counts at once.
 */
const secureOptions = (hasClientCertificates: boolean) =>
  constants.SSL_OP_NO_RENEGOTIATION | (hasClientCertificates ? constants.SSL_OP_NO_TICKET : 0);

/** Calls `run` once for all calls within a short time. */
function soon(run: () => void): () => void {
  let isScheduled = false;
  return () => {
    if (isScheduled) return;
    isScheduled = true;
    setTimeout(() => {
      isScheduled = false;
      run();
    }, SETTLE_MS).unref();
  };
}

/** Runs `refresh` when the files change, and replaces the key of session tickets, until the server closes. */
function keepFresh(server: Server, files: readonly string[], refresh: () => void): void {
  const watch = createFileWatch(soon(refresh));
  watch.watch(files);
  const refreshTimer = setInterval(refresh, REFRESH_INTERVAL_MS).unref();
  const rotate = () => server.setTicketKeys(randomBytes(TICKET_KEY_BYTES));
  const ticketTimer = setInterval(rotate, TICKET_KEY_LIFETIME_MS).unref();
  server.once('close', () => {
    watch.stop();
    clearInterval(refreshTimer);
    clearInterval(ticketTimer);
  });
}

/** Reads the certificates; throws an Error with the option and the reason if one cannot be used. */
export function createPublicTls(tls: ListenTls, parts: PublicTlsParts): PublicTls {
  const { log, metrics, handshakeTimeout = HANDSHAKE_TIMEOUT_MS, clock = Date.now } = parts;
  const hasClientCertificates = tls.clientCa !== undefined;
  const context = { minVersion: tls.minVersion, secureOptions: secureOptions(hasClientCertificates) };
  const certificates = createCertificates({ tls, log, context, onReload: metrics.countCertificateReload });
  const checkExpiry = createExpiryLog(log, clock);
  checkExpiry(certificates.all());
  const servers = new Set<Server>();
  metrics.watchCertificates(() =>
    certificates.all().map(({ files, pair }) => [files.certificate, pair.leaf.validToDate.getTime() / 1000]),
  );

  function refresh(): void {
    const hasChanged = certificates.refresh();
    checkExpiry(certificates.all());
    if (!hasChanged) return;
    for (const server of servers) server.setSecureContext(certificates.defaultOptions());
  }

  function fail(error: NodeJS.ErrnoException, socket: TLSSocket): void {
    const reason = handshakeFailureOf(error);
    metrics.countHandshakeFailure(reason);
    log.debug({ reason, code: error.code, clientIp: socket.remoteAddress }, 'TLS handshake failed');
    socket.destroy();
  }

  return {
    options: {
      ...certificates.defaultOptions(),
      SNICallback: (name, done) => done(null, certificates.contextOf(name)),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout,
      requestCert: hasClientCertificates,
      // Rules decide about callers without a certificate, or with one of an unknown CA.
      rejectUnauthorized: false,
    },
    attach(server) {
      servers.add(server);
      // node:https takes a failed handshake for a malformed request.
      server.removeAllListeners('tlsClientError').on('tlsClientError', fail);
      keepFresh(server, filesOf(tls), refresh);
    },
    refresh,
  };
}
