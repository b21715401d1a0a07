/** Informational responses (1xx) of an upstream: bounded in number, size and time. */
import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { writeInformational } from '../../../src/proxy/relay/informational.ts';
import { route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { startRawUpstream } from '../../support/upstream.ts';
import { ownOnly } from '../../support/upstream-client.ts';

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const hint = (link: string) => `HTTP/1.1 103 Early Hints\r\nLink: ${link}\r\n\r\n`;

/** Sends one request to an upstream that responds like this. */
async function requestTo(t: TestContext, respond: (socket: Socket) => unknown, headers = 60_000) {
  const upstream = await startRawUpstream(respond);
  const edge = await startEdge(route(upstream.origin, { timeouts: { connect: 5_000, headers, idle: 300_000 } }));
  const client = await connectRaw(edge.port);
  t.after(async () => {
    client.destroy();
    await edge.close();
    await upstream.close();
  });
  await client.send('GET / HTTP/1.1\r\nHost: gw\r\n\r\n');
  return await client.response();
}

test('D05 20 informational responses pass', async (t) => {
  const response = await requestTo(t, (socket) => socket.write(hint('</a>').repeat(20) + ok));
  assert.deepEqual([response.status, response.informational.length], [200, 20]);
  assert.equal(response.informational[19]?.header('link'), '</a>');
});

for (const status of [...ownOnly(['100 Continue']), '102 Processing', '103 Early Hints', '199 X'])
  test(`D05 an upstream that sends ${status} without end: 502 after 20 of them`, async (t) => {
    const respond = (socket: Socket) => {
      const send = () => void (socket.destroyed || socket.write(`HTTP/1.1 ${status}\r\n\r\n`.repeat(10), send));
      send();
    };
    const response = await requestTo(t, respond);
    assert.equal(response.status, 502);
    assert.equal(response.informational.length, status.startsWith('100') ? 0 : 20);
  });

test('D05 informational heads are together not larger than one head', async (t) => {
  const large = hint(`</${'a'.repeat(12_000)}>`);
  const response = await requestTo(t, (socket) => socket.write(large.repeat(3) + ok));
  assert.deepEqual([response.status, response.informational.length], [502, 2]);
});

for (const status of [...ownOnly([100]), 102, 103])
  test(`D05 a drip of ${status} does not prolong the time limit of the head`, async (t) => {
    const respond = (socket: Socket) => {
      const timer = setInterval(() => socket.write(`HTTP/1.1 ${status} X\r\n\r\n`), 250);
      socket.once('close', () => clearInterval(timer));
    };
    const response = await requestTo(t, respond, 1_000);
    assert.equal(response.status, 504);
  });

test('D05 a client that does not read is sent no further hints', () => {
  const sent: number[] = [];
  const socket = { writableNeedDrain: false };
  const res = { headersSent: false, socket, writeInformation: (status: number) => sent.push(status) };
  const write = () =>
    writeInformational({ httpVersion: '1.1' } as IncomingMessage, res as unknown as ServerResponse, 103, ['</a>']);
  write();
  socket.writableNeedDrain = true;
  write();
  assert.deepEqual(sent, [103]);
});
