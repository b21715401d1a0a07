/** Session ids, a thousand of them: as long and as random as they have to be. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAgent, send } from '../support/browser-http.ts';
import { startWorld, type World } from '../support/world.ts';

const COUNT = 1_000;
const AT_ONCE = 20;
const agent = createAgent();
const pair = (lines: string[], name: string) =>
  lines.find((line) => line.startsWith(name) && !line.startsWith(`${name}=;`))?.split(';')[0] ?? '';

/** The shortest way through a sign-in: three requests, no page. Returns the id in the session cookie. */
async function newId({ gateway }: World): Promise<string> {
  const get = (url: string | URL, cookie = '') =>
    send({ url: new URL(url, gateway.url), method: 'GET', headers: { accept: 'text/html', cookie } }, agent);
  const begun = await get('/login');
  const approved = await get(String(begun.headers.location));
  const done = await get(String(approved.headers.location), pair(begun.setCookies, 'bff-login'));
  return /^bff=s:([^.]*)\./.exec(decodeURIComponent(pair(done.setCookies, 'bff=')))?.[1] ?? '';
}

test('SE-03 a thousand session ids are distinct, of 256 bits, and each of the bits is random', async (t) => {
  const world = await startWorld(t, {
    provider: { alg: 'ES256' },
    gateway: { provider_: { idTokenSignedResponseAlg: 'ES256' } },
  });
  t.after(() => agent.destroy());
  const ids: string[] = [];
  while (ids.length < COUNT) ids.push(...(await Promise.all(Array.from({ length: AT_ONCE }, () => newId(world)))));
  assert.equal(new Set(ids).size, COUNT);
  const ones = new Array<number>(256).fill(0);
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9_-]{43}$/);
    const bytes = Buffer.from(id, 'base64url');
    assert.equal(bytes.length, 32);
    for (let bit = 0; bit < 256; bit++) ones[bit] = (ones[bit] ?? 0) + (((bytes[bit >> 3] ?? 0) >> (bit & 7)) & 1);
  }
  // Fair coins stay within 6 standard deviations (sqrt(1000) / 2 each) of the middle in all but a millionth of runs.
  for (const [bit, count] of ones.entries()) assert.ok(Math.abs(count - COUNT / 2) < 95, `bit ${bit}: ${count} ones`);
});
