/** The share of one address in the client connections; trusted proxies have none. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { parseConfig } from '../../src/config/load/load.ts';
import { createConnectionLimit } from '../../src/server/listeners/connection-limit.ts';
import { newKey } from '../support/gateway.ts';

const config = parseConfig({
  publicUrl: 'https://app.example',
  secrets: { keys: [{ id: 'k1', value: newKey() }] },
  provider: { issuer: 'https://idp.example', clientId: 'a', clientSecret: 'b' },
  session: { store: { sqlite: { file: ':memory:' } } },
  trustedProxies: ['10.0.0.0/8'],
  limits: { connections: 100 },
});

let nextPort = 1;
const socketOf = (remoteAddress: string) =>
  Object.assign(new EventEmitter(), { remoteAddress, remotePort: nextPort++ });
type TestSocket = ReturnType<typeof socketOf>;

/** Connects from these addresses; returns the connections that may stay open. */
function connectAll(mayConnect: (socket: Socket) => boolean, addresses: readonly string[]): TestSocket[] {
  return addresses.map(socketOf).filter((socket) => mayConnect(socket as unknown as Socket));
}

test('D17 one address has at most its share of the connections, however it is written, and gets it back', () => {
  const mayConnect = createConnectionLimit(config);
  const many = Array.from({ length: 100 }, (_, at) => (at % 2 ? '203.0.113.7' : '::ffff:203.0.113.7'));
  const open = connectAll(mayConnect, many);
  assert.equal(open.length, 90);
  assert.equal(connectAll(mayConnect, ['203.0.113.8']).length, 1);
  for (const socket of open.slice(0, 20)) socket.emit('close');
  assert.ok(connectAll(mayConnect, many).length >= 19);
});

test('D17 addresses of one IPv6 network are one', () => {
  const addresses = Array.from({ length: 100 }, (_, at) => `2001:db8:1:2::${at + 1}`);
  assert.equal(connectAll(createConnectionLimit(config), addresses).length, 90);
});

test('D17 the connections of a trusted proxy are limited only altogether', () => {
  assert.equal(connectAll(createConnectionLimit(config), Array(100).fill('10.1.2.3')).length, 100);
});
