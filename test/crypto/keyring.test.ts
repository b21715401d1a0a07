/** Keyring: sealing, keyed digests, key rotation, and separation by purpose, context and application. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createKeyring, type Purpose } from '../../src/crypto/keyring.ts';
import { newKey } from '../support/gateway.ts';

const PURPOSES: Purpose[] = ['session', 'tokens', 'login', 'cookie', 'logout'];
const [one, two] = [newKey(), newKey()];
const ring = (keys: [string, string][], application = 'shop') =>
  createKeyring(
    keys.map(([id, value]) => ({ id, value })),
    application,
  );
const shop = ring([['k1', one]]);

describe('a sealed text', () => {
  const sealed = shop.seal('tokens', 'session-a', 'secret');

  test('opens for its purpose and its context', () => {
    assert.equal(shop.open('tokens', 'session-a', sealed), 'secret');
    assert.equal(ring([['k1', one]]).open('tokens', 'session-a', sealed), 'secret');
  });

  test('CR-03 opens for no other purpose and no other context', () => {
    for (const purpose of PURPOSES.filter((name) => name !== 'tokens'))
      assert.equal(shop.open(purpose, 'session-a', sealed), undefined, purpose);
    for (const context of ['', 'session-b', 'session-', 'session-aa'])
      assert.equal(shop.open('tokens', context, sealed), undefined, context);
  });

  test('opens as bytes, and has one spelling', () => {
    const bytes = Buffer.from([0, 255, 128]);
    assert.deepEqual(shop.openBytes('login', 'a', shop.seal('login', 'a', bytes)), bytes);
    for (const added of ['x', '=', '.', ' ', '*'])
      for (const content of ['1', '12', '123'])
        assert.equal(shop.open('login', 'a', shop.seal('login', 'a', content) + added), undefined, added + content);
  });

  test('SE-14 opens for no other application, even with the same secret', () => {
    assert.equal(ring([['k1', one]], 'other').open('tokens', 'session-a', sealed), undefined);
  });

  test('CVE-2021-32791 is sealed with a fresh nonce each time', () => {
    const texts = Array.from({ length: 1_000 }, () => shop.seal('tokens', 'session-a', 'secret'));
    assert.equal(new Set(texts.map((text) => text.slice(0, 3 + 16))).size, 1_000);
  });

  test('CR-05 does not open after any single bit flip', () => {
    const bytes = Buffer.from(sealed.slice(3), 'base64url');
    for (let at = 0; at < bytes.length * 8; at++) {
      const flipped = Buffer.from(bytes);
      flipped[at >> 3] = (flipped[at >> 3] ?? 0) ^ (1 << (at & 7));
      assert.equal(shop.open('tokens', 'session-a', `k1.${flipped.toString('base64url')}`), undefined, `bit ${at}`);
    }
    for (const text of ['', 'k1', 'k1.', '.', 'k1.AAAA', sealed.slice(0, -8), sealed.slice(3)])
      assert.equal(shop.open('tokens', 'session-a', text), undefined, text);
  });

  test('CR-03 opens while its key is listed, and not with another key under the same id', () => {
    assert.equal(
      ring([
        ['k2', two],
        ['k1', one],
      ]).open('tokens', 'session-a', sealed),
      'secret',
    );
    assert.equal(ring([['k2', two]]).open('tokens', 'session-a', sealed), undefined);
    assert.equal(ring([['k1', two]]).open('tokens', 'session-a', sealed), undefined);
    assert.match(
      ring([
        ['k2', two],
        ['k1', one],
      ]).seal('tokens', 'a', 'x'),
      /^k2\./,
    );
  });
});

describe('a keyed digest', () => {
  const tag = shop.mac('logout', 'session-a');

  test('verifies only for its text and purpose', () => {
    assert.equal(shop.verifyMac('logout', 'session-a', tag), true);
    assert.equal(shop.verifyMac('logout', 'session-b', tag), false);
    assert.equal(shop.verifyMac('cookie', 'session-a', tag), false);
    assert.equal(shop.verifyMac('logout', 'session-a', ''), false);
    assert.equal(shop.verifyMac('logout', 'session-a', `${tag}x`), false);
  });

  test('CR-03 verifies while its key is listed', () => {
    assert.equal(
      ring([
        ['k2', two],
        ['k1', one],
      ]).verifyMac('logout', 'session-a', tag),
      true,
    );
    assert.equal(ring([['k2', two]]).verifyMac('logout', 'session-a', tag), false);
  });

  test('CR-03 every purpose of every application has its own signing secret', () => {
    const all = PURPOSES.flatMap((purpose) => [
      ...shop.secrets(purpose),
      ...ring([['k1', one]], 'other').secrets(purpose),
    ]);
    assert.equal(new Set(all).size, PURPOSES.length * 2);
    assert.ok(!all.includes(one));
  });
});
