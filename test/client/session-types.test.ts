/** The response of `/session`, the types of the client, and the table in the documentation name the same fields. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startProvider } from '../support/provider.ts';
import { startWorld } from '../support/world.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** The members of an interface in the types of the client, with `?` behind the optional ones. */
function membersOf(name: string): string[] {
  const pattern = new RegExp(`interface ${name}(?: extends \\w+)? \\{\\n([\\s\\S]*?)\\n\\}`);
  const [, body = ''] = pattern.exec(read('src/client/base/types.ts')) ?? [];
  return [...body.matchAll(/^ {2}(\w+\??):/gm)].map(([, member = '']) => member);
}

const plain = (members: string[]) => members.map((member) => member.replace('?', '')).sort();
const base = membersOf('SessionBase');
const signedOut = [...base, ...membersOf('SignedOut')];
const signedIn = [...base, ...membersOf('SignedIn')];

test('with several providers, a plugin and every claim, the response has all fields of the types, and no other', async (t) => {
  const provider = await startProvider();
  const { id: clientId, secret: clientSecret } = provider.client;
  const one = { id: 'one', issuer: provider.issuer, clientId, clientSecret };
  const two = { ...one, id: 'two', issuer: 'http://127.0.0.1:1' };
  const config = { provider: undefined, providers: [one, two] };
  const hooks = [{ onSession: () => ({ theme: 'dark' }) }];
  const world = await startWorld(t, { running: provider, gateway: { config, hooks } });
  assert.deepEqual(Object.keys(await world.session()).sort(), plain(signedOut));
  await world.browser.navigate('/login?provider=one&returnTo=/app');
  assert.deepEqual(Object.keys(await world.session()).sort(), plain(signedIn));
});

test('with one provider, the response has the required fields and only optional ones beside them', async (t) => {
  const world = await startWorld(t);
  const check = async (members: string[]) => {
    const keys = Object.keys(await world.session());
    for (const member of members) if (!member.endsWith('?')) assert.ok(keys.includes(member), member);
    for (const key of keys) assert.ok(plain(members).includes(key), key);
  };
  await check(signedOut);
  await world.signIn();
  await check(signedIn);
});

test('the documentation lists the fields', () => {
  const [, section = ''] =
    /## The response of `\/session`\n([\s\S]*?)(?:\n## |$)/.exec(read('docs/endpoints.md')) ?? [];
  const rows = [...section.matchAll(/^\| `(\w+)` \| ([^|]*)\|/gm)];
  assert.deepEqual(rows.map(([, field]) => field).sort(), plain(signedIn));
  const without = rows.filter(([, , present = '']) => present.trim() !== '').map(([, field = '']) => field);
  assert.deepEqual(without.sort(), plain(signedOut));
});
