/** Session ids: length and randomness over a thousand ids. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAgent, send } from '../support/browser-http.ts';
import { startWorld, type World } from '../support/world.ts';

const ID_COUNT = 1_000;
const CONCURRENCY = 20;
const agent = createAgent();
const cookiePair = (lines: string[], name: string) =>
  lines.find((line) => line.startsWith(name) && !line.startsWith(`${name}=;`))?.split(';')[0] ?? '';

/** Signs in with the minimum of three requests and returns the id in the session cookie. */
async function newId({ gateway }: World): Promise<string> {
  const get = (url: string | URL, cookie = '') =>
    send({ url: new URL(url, gateway.url), method: 'GET', headers: { accept: 'text/html', cookie } }, agent);
  const started = await get('/login');
  const authorized = await get(String(started.headers.location));
  const completed = await get(String(authorized.headers.location), cookiePair(started.setCookies, 'bff-login'));
  return /^bff=s:([^.]*)\./.exec(decodeURIComponent(cookiePair(completed.setCookies, 'bff=')))?.[1] ?? '';
}

test('SE-03 a thousand session ids are distinct and have 256 random bits', async (t) => {
  const world = await startWorld(t, {
    provider: { alg: 'ES256' },
    gateway: { providerConfig: { idTokenSignedResponseAlg: 'ES256' } },
  });
  t.after(() => agent.destroy());
  const ids: string[] = [];
  while (ids.length < ID_COUNT)
    ids.push(...(await Promise.all(Array.from({ length: CONCURRENCY }, () => newId(world)))));
  assert.equal(new Set(ids).size, ID_COUNT);
  const ones = new Array<number>(256).fill(0);
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9_-]{43}$/);
    const bytes = Buffer.from(id, 'base64url');
    assert.equal(bytes.length, 32);
    for (let bit = 0; bit < 256; bit++) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
  }
  // Random bits stay within 6 standard deviations (sqrt(1000) / 2 each) of the mean in all but a millionth of runs.
  for (const [bit, count] of ones.entries())
    assert.ok(Math.abs(count - ID_COUNT / 2) < 95, `bit ${bit}: ${count} ones`);
});
