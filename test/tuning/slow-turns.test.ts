/** The read throttle while hostile requests hang and the turns of the event loop are slow: no connection is queued for long. */
import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createReadThrottle } from '../../src/tuning/read-throttle.ts';

/** More requests that never end than the throttle allows before it queues connections. */
const HELD = 300;

/** A throttle with requests that hang; `respond` completes one more response on a connection. */
function startThrottle() {
  const throttle = createReadThrottle();
  const newResponse = (socket: Socket) =>
    Object.assign(new EventEmitter(), { req: { socket }, writableFinished: true }) as unknown as ServerResponse;
  for (let count = 0; count < HELD; count += 1) throttle.onRequest(newResponse(new Socket()));
  return function respond(socket: Socket): void {
    const response = newResponse(socket);
    throttle.onRequest(response);
    response.emit('close');
  };
}

test('D02 a connection with many pipelined responses delays no other one in the queue', async () => {
  const respond = startThrottle();
  const [hostile, user] = [new Socket(), new Socket()];
  for (let count = 0; count < 5_000; count += 1) respond(hostile);
  respond(user);
  assert.equal(user.isPaused(), true, 'queued');
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.equal(user.isPaused(), false, 'resumed in the first turns');
});

test('D02 turns that take long resume all connections whose time in the queue is over', async () => {
  const respond = startThrottle();
  const sockets = Array.from({ length: 2_000 }, () => new Socket());
  for (const socket of sockets) respond(socket);
  assert.equal(sockets.filter((socket) => socket.isPaused()).length, sockets.length, 'queued');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_000);
  for (let turn = 0; turn < 5; turn += 1) await nextTurn();
  assert.equal(sockets.filter((socket) => socket.isPaused()).length, 0);
});
