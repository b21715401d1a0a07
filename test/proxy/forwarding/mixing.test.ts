/** Many users on few shared connections, with disconnects and broken responses: no user ever gets another user's response. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { route, startEdge } from '../../support/edge.ts';
import { connectRaw } from '../../support/raw.ts';
import { startUpstream } from '../../support/upstream.ts';
import { until } from '../../support/wait.ts';

const USERS = 50;
const ROUNDS = 40;

test('PX-17 50 users, 2,000 mixed requests on 8 connections: every response belongs to its user', async (t) => {
  const upstream = await startUpstream({
    script: (req, res, recorded) => {
      const [, user, kind] = recorded.target.split('/');
      const body = `${user}:${req.headers.authorization}:${recorded.received}`;
      if (kind === 'break') return req.socket.destroy();
      if (kind === 'slow') return setTimeout(() => res.end(body), 3);
      if (kind === 'chunked') res.write(body.slice(0, 3));
      return res.end(kind === 'chunked' ? body.slice(3) : body);
    },
  });
  const edge = await startEdge(route(upstream.origin, { connections: 8 }));
  t.after(async () => {
    await edge.close();
    await upstream.close();
  });
  const kinds = ['plain', 'chunked', 'upload', 'slow', 'leave', 'break', 'plain'];
  let responses = 0;
  const user = async (number: number) => {
    let client = await connectRaw(edge.port);
    for (let round = 0; round < ROUNDS; round += 1) {
      const kind = kinds[(round * 3 + number) % kinds.length] ?? 'plain';
      const size = kind === 'upload' ? number * 1000 : 0;
      const head = `${kind === 'plain' ? 'GET' : 'POST'} /u${number}/${kind === 'leave' ? 'slow' : kind} HTTP/1.1\r\nHost: gw\r\n`;
      await client.send(
        `${head}Authorization: Bearer t${number}\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`,
      );
      if (kind === 'leave') {
        client.reset();
        client = await connectRaw(edge.port);
        continue;
      }
      const response = await client.response({ ms: 20_000 });
      if (kind === 'break') assert.equal(response.status, 502);
      else assert.equal(response.text, `u${number}:Bearer t${number}:${size}`);
      responses += 1;
    }
    client.destroy();
  };
  await Promise.all(Array.from({ length: USERS }, (_, number) => user(number + 1)));
  assert.ok(responses > USERS * ROUNDS * 0.8);
  await until(() => edge.outcomes.length === edge.requests(), { what: 'every request is over' });
});
