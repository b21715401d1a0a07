/** What the gateway and node:http expect of a connection, for one that is a part of another: its addresses, and its methods. */
import { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';

export abstract class SocketView extends Duplex {
  readonly encrypted = true;
  readonly alpnProtocol = 'h2';
  /** The connection of the client, for what is known about its certificate. */
  readonly tls: TLSSocket;

  constructor(tls: TLSSocket) {
    super({ decodeStrings: false, allowHalfOpen: true });
    this.tls = tls;
  }

  get remoteAddress(): string | undefined {
    return this.tls.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.tls.remotePort;
  }

  get remoteFamily(): string | undefined {
    return this.tls.remoteFamily;
  }

  get localAddress(): string | undefined {
    return this.tls.localAddress;
  }

  get localPort(): number | undefined {
    return this.tls.localPort;
  }

  get authorized(): boolean {
    return this.tls.authorized;
  }

  getPeerCertificate(detailed?: boolean) {
    return this.tls.getPeerCertificate(detailed);
  }

  getPeerX509Certificate() {
    return this.tls.getPeerX509Certificate();
  }

  /** Time-outs belong to the connection. */
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}
