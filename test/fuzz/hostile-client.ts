/** A hostile client without credentials: keeps many sockets busy in every way that costs the gateway something, until killed. */
import { connect, type Socket } from 'node:net';

const [port = '', host = '', count = '1000'] = process.argv.slice(2);
const HEAD = `Host: ${host}\r\n`;
const RECONNECT_MS = 200;

/** What a socket sends first, and what it sends at an interval after that. */
interface Attack {
  readonly first: string;
  readonly next?: () => string;
  readonly intervalMs?: number;
  /** False: it does not read the responses. */
  readonly reads?: boolean;
  /** It closes its side after `first`. */
  readonly ends?: boolean;
}

let junk = 0;
const junkToken = () => {
  junk += 1;
  return `GET /api/x HTTP/1.1\r\n${HEAD}Authorization: Bearer junk-${process.pid}-${junk}\r\n\r\n`;
};
const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nOrigin: http://${host}\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n`;
const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n';

const ATTACKS: readonly Attack[] = [
  // Slow heads.
  { first: '' },
  { first: `GET /session HTTP/1.1\r\n${HEAD}`, next: () => 'X-Slow: 1\r\n' },
  // Slow and dripping bodies: of an endpoint, of a refused request, of an open route.
  { first: `POST /logout HTTP/1.1\r\n${HEAD}${form}\r\n`, next: () => 'a' },
  { first: `POST /api/x HTTP/1.1\r\n${HEAD}Content-Length: 1000\r\n\r\n`, next: () => 'a' },
  { first: `POST /open/x HTTP/1.1\r\n${HEAD}Content-Length: 100000\r\n\r\n`, next: () => 'a' },
  { first: `POST /open/x HTTP/1.1\r\n${HEAD}Transfer-Encoding: chunked\r\n\r\n`, next: () => '1\r\na\r\n' },
  // Pipelines of requests that hang, and of small ones.
  { first: `GET /open/hang HTTP/1.1\r\n${HEAD}\r\n`.repeat(300) },
  { first: `GET /open/x HTTP/1.1\r\n${HEAD}\r\n`.repeat(50), next: () => `GET /x HTTP/1.1\r\n${HEAD}\r\n`.repeat(3) },
  // Junk tokens and junk cookies.
  { first: junkToken(), next: junkToken },
  { first: '', next: () => `GET /api/x HTTP/1.1\r\n${HEAD}X-CSRF: 1\r\nCookie: bff=s%3A${++junk}.x\r\n\r\n` },
  // Responses that are not read, and streams.
  { first: `GET /open/big HTTP/1.1\r\n${HEAD}\r\n`, reads: false },
  { first: `GET /client.js HTTP/1.1\r\n${HEAD}\r\n`.repeat(200), reads: false },
  { first: `GET /open/stream HTTP/1.1\r\n${HEAD}\r\n` },
  // Handshakes, half-closed connections, empty lines.
  { first: `GET /open/socket HTTP/1.1\r\n${HEAD}${upgrade}\r\n` },
  { first: `GET /open/hang HTTP/1.1\r\n${HEAD}\r\n`, ends: true },
  { first: `GET /session HTTP/1.1\r\n${HEAD}\r\n`, next: () => '\r\n' },
];

function attack(kind: Attack): void {
  const socket: Socket = connect({ port: Number(port), host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', () => {});
  const timer = kind.next && setInterval(() => socket.write(kind.next?.() ?? ''), kind.intervalMs ?? 500);
  socket.on('connect', () => (kind.ends ? socket.end(kind.first) : socket.write(kind.first)));
  if (kind.reads === false) socket.pause();
  else socket.resume();
  socket.on('end', () => socket.destroy());
  socket.on('close', () => {
    clearInterval(timer);
    setTimeout(() => attack(kind), RECONNECT_MS);
  });
}

for (let at = 0; at < Number(count); at += 1) attack(ATTACKS[at % ATTACKS.length] as Attack);
process.on('disconnect', () => process.exit());
