/** The session memory of a process: shared by its apps, and no app learns from it what another has verified. */
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { createSessionCookieReader, createVerifiedCookies } from '../../src/session/session-cookie.ts';
import { sessionKey } from '../../src/session/session-key.ts';

const ID = 'a'.repeat(43);
const sign = (secret: string) =>
  encodeURIComponent(`s:${ID}.${createHmac('sha256', secret).update(ID).digest('base64').replace(/=+$/, '')}`);

test('AP-03 AP-05 a cookie value that one app has verified is worth nothing to another, nor after its key is gone', () => {
  const cookies = createVerifiedCookies(10);
  const readerOf = (tag: string, ...secrets: string[]) =>
    createSessionCookieReader({ app: { tag }, name: 'bff', secrets, cookies });
  const [main, other] = [readerOf('', 'one', 'old'), readerOf('abcdefghij', 'two')];
  const header = `bff=${sign('one')}`;
  for (const _ of ['first', 'again']) {
    assert.equal(main(header), sessionKey({ tag: '' }, ID));
    assert.equal(other(header), undefined);
  }
  assert.equal(main(`bff=${sign('old')}`), sessionKey({ tag: '' }, ID));
  assert.equal(readerOf('', 'one')(`bff=${sign('old')}`), undefined);
  assert.equal(readerOf('abcdefghij', 'one')(header), `abcdefghij~${sessionKey({ tag: '' }, ID)}`);
  assert.equal(main(header), sessionKey({ tag: '' }, ID));
});
