/** gRPC through the gateway with its usual library: calls of every type, deadlines, errors, and refusals of the gateway. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  status,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { freePort } from '../../support/ports.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';
import { until } from '../../support/wait.ts';
import { startWorld } from '../../support/world.ts';

const HOST = 'shop.example.com';
const same = (bytes: Buffer) => bytes;
const method = (name: string, requestStream: boolean, responseStream: boolean) => ({
  path: `/shop.Orders/${name}`,
  requestStream,
  responseStream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});
const service: ServiceDefinition = {
  unary: method('Unary', false, false),
  fails: method('Fails', false, false),
  never: method('Never', false, false),
  server: method('Server', false, true),
  client: method('Client', true, false),
  bidi: method('Bidi', true, true),
};

/** What the service has seen. */
interface Seen {
  cancelled: number;
  deadlines: number[];
}

type Unary = handleUnaryCall<Buffer, Buffer>;

function implementation(seen: Seen): UntypedServiceImplementation {
  const unary: Unary = ({ request, metadata }, callback) => {
    const trailers = new Metadata();
    trailers.set('x-trailer', 'end');
    callback(null, Buffer.concat([request, Buffer.from(String(metadata.get('x-sent')))]), trailers);
  };
  const fails: Unary = (_call, callback) => callback({ code: status.FAILED_PRECONDITION, details: 'no stock: ü 100%' });
  const never: Unary = (call) => {
    seen.deadlines.push(Number(call.getDeadline()));
    call.on('cancelled', () => {
      seen.cancelled += 1;
    });
  };
  const server: handleServerStreamingCall<Buffer, Buffer> = (call) => {
    for (let index = 0; index < 5; index += 1) call.write(Buffer.from(`${index}`));
    call.end();
  };
  const client: handleClientStreamingCall<Buffer, Buffer> = (call, callback) => {
    let count = 0;
    call.on('data', () => {
      count += 1;
    });
    call.on('end', () => callback(null, Buffer.from(String(count))));
  };
  const bidi: handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (value: Buffer) => call.write(Buffer.from(`echo ${value}`)));
    call.on('end', () => call.end());
  };
  return { unary, fails, never, server, client, bidi };
}

async function startGrpc(t: TestContext) {
  const seen: Seen = { cancelled: 0, deadlines: [] };
  const server = new Server();
  server.addService(service, implementation(seen));
  const upstreamPort = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const files = createCertificate(temporaryFolder(t, 'tls'), 'shop', [HOST]);
  const port = await freePort();
  const upstream = { targets: [`http://127.0.0.1:${upstreamPort}`], protocol: 'h2c' as const };
  await startWorld(t, {
    routes: () => [
      { path: '/shop.Orders/**', upstream, rules: [{ token: 'none' }] },
      { path: '/shop.Private/**', upstream },
    ],
    gateway: { publicUrl: `https://${HOST}`, config: { listen: { host: '127.0.0.1', port, tls: files } } },
  });
  const client = new Client(`127.0.0.1:${port}`, credentials.createSsl(readFileSync(files.certificate)), {
    'grpc.ssl_target_name_override': HOST,
    'grpc.default_authority': HOST,
    'grpc.enable_retries': 0,
  });
  t.after(() => {
    client.close();
    server.forceShutdown();
  });
  return { client, server, seen };
}

const path = (name: string) => `/shop.Orders/${name}`;

function unary(client: Client, at: string, options: { deadline?: number } = {}): Promise<string> {
  const metadata = new Metadata();
  metadata.set('x-sent', 'sent');
  return new Promise((resolve, reject) =>
    client.makeUnaryRequest(at, same, same, Buffer.from('hello '), metadata, options, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    ),
  );
}

test('unary, server, client and bidirectional streaming', async (t) => {
  const { client } = await startGrpc(t);
  assert.equal(await unary(client, path('Unary')), 'hello sent');

  const received: string[] = [];
  for await (const value of client.makeServerStreamRequest(path('Server'), same, same, Buffer.from('x')))
    received.push(String(value));
  assert.deepEqual(received, ['0', '1', '2', '3', '4']);

  const count = await new Promise<string>((resolve, reject) => {
    const call = client.makeClientStreamRequest(path('Client'), same, same, (error, value) =>
      error ? reject(error) : resolve(String(value)),
    );
    for (let index = 0; index < 7; index += 1) call.write(Buffer.from('x'));
    call.end();
  });
  assert.equal(count, '7');

  const bidi = client.makeBidiStreamRequest(path('Bidi'), same, same);
  const replies: string[] = [];
  bidi.on('data', (value: Buffer) => replies.push(String(value)));
  const ended = new Promise((resolve, reject) => bidi.on('status', resolve).on('error', reject));
  for (const text of ['a', 'b', 'c']) {
    bidi.write(Buffer.from(text));
    // Each reply arrives while the request goes on.
    await until(() => replies.at(-1) === `echo ${text}`, { what: `the reply to ${text}` });
  }
  bidi.end();
  await ended;
  assert.deepEqual(replies, ['echo a', 'echo b', 'echo c']);
});

test('a status of the service, with its message and without a body', async (t) => {
  const { client } = await startGrpc(t);
  await assert.rejects(unary(client, path('Fails')), {
    code: status.FAILED_PRECONDITION,
    details: 'no stock: ü 100%',
  });
  await assert.rejects(unary(client, path('Unknown')), { code: status.UNIMPLEMENTED });
});

test('a deadline passes through, and the service learns that the client has given up', async (t) => {
  const { client, seen } = await startGrpc(t);
  const deadline = Date.now() + 10_000;
  await assert.rejects(unary(client, path('Never'), { deadline }), { code: status.DEADLINE_EXCEEDED });
  assert.ok(Math.abs((seen.deadlines[0] ?? 0) - deadline) < 8_000);
  await until(() => seen.cancelled === 1, { what: 'the call was cancelled' });
});

test('refusals of the gateway: UNAUTHENTICATED without a session or token, UNAVAILABLE without the service', async (t) => {
  const { client, server } = await startGrpc(t);
  await assert.rejects(unary(client, '/shop.Private/Unary'), { code: status.UNAUTHENTICATED });
  server.forceShutdown();
  await assert.rejects(unary(client, path('Unary')), { code: status.UNAVAILABLE });
});
