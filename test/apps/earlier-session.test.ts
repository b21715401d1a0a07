/** AP-01: a session that a gateway opened before it knew several apps goes on, whether or not there are further apps now. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Redis } from 'ioredis';
import { startGateway } from '../support/gateway.ts';
import { startProvider } from '../support/provider.ts';
import { startRedis } from '../support/redis.ts';
import { startUpstream } from '../support/upstream.ts';
import { CSRF } from '../support/world.ts';

interface RecordedSession {
  publicUrl: string;
  issuer: string;
  clientId: string;
  key: string;
  /** Milliseconds since the epoch. */
  at: number;
  cookie: string;
  /** What the upstream got. */
  authorization: string;
  /** Redis keys and values. */
  records: Record<string, string>;
}

/** The records, the cookie and the key of a session of the version before; its provider is gone. */
const SESSION = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures/session.json'), 'utf8')) as RecordedSession;
const RECORD_TTL_MS = 600_000;

async function gatewayAfterUpdate(t: TestContext, further: object) {
  const redis = await startRedis();
  const upstream = await startUpstream();
  const provider = await startProvider();
  const client = new Redis(redis.url);
  for (const [name, value] of Object.entries(SESSION.records)) await client.set(name, value, 'PX', RECORD_TTL_MS);
  await client.quit();
  const gateway = await startGateway({
    provider,
    redisUrl: redis.url,
    key: SESSION.key,
    publicUrl: SESSION.publicUrl,
    providerConfig: { issuer: SESSION.issuer, clientId: SESSION.clientId },
    routes: [{ path: '/api/**', upstream: upstream.origin }],
    config: further,
    clock: () => SESSION.at + 60_000,
  });
  t.after(async () => {
    await gateway.stop();
    await Promise.all([upstream.close(), provider.stop(), redis.stop()]);
  });
  return { gateway, upstream };
}

function statusOf(url: string, cookie: string): Promise<number | undefined> {
  const headers = { host: new URL(SESSION.publicUrl).host, cookie, ...CSRF };
  return new Promise((resolve, reject) => {
    request(`${url.replace('localhost', '127.0.0.1')}/api/x`, { headers }, (res) => {
      res.resume().on('end', () => resolve(res.statusCode));
    })
      .on('error', reject)
      .end();
  });
}

const FURTHER_APP = {
  apps: [{ id: 'b', publicUrl: 'http://127.0.0.1:1', routes: [{ path: '/api/**', upstream: 'http://127.0.0.1:9' }] }],
};

for (const [name, further] of [
  ['one app', {}],
  ['a further app', FURTHER_APP],
] as const)
  test(`AP-01 a session from before is good with ${name}`, async (t) => {
    const { gateway, upstream } = await gatewayAfterUpdate(t, further);
    assert.equal(await statusOf(gateway.ownUrl, SESSION.cookie), 200);
    assert.equal(upstream.requests[0]?.header('authorization'), SESSION.authorization);
    assert.equal(
      await statusOf(
        gateway.ownUrl,
        SESSION.cookie.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
      ),
      401,
    );
  });
