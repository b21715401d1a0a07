/** How long a return address may be to fit into the `state` of a sign-in, as docs/limits.md promises. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createKeyring } from '../../../src/crypto/keyring.ts';
import { createLoginStates } from '../../../src/oidc/login/login-state.ts';
import { newKey } from '../../support/gateway.ts';

/** The longest ID of a key, which is part of the state. */
const states = createLoginStates(createKeyring([{ id: 'k'.repeat(16), value: newKey() }], 'app'));
const fits = (returnTo: string) => states.trace(states.newState({ returnTo, silent: false }))?.returnTo === returnTo;

/** Random characters of a range: hardly compressible. */
const randomText = (length: number, first: string, count: number) =>
  String.fromCharCode(...[...randomBytes(length)].map((byte) => first.charCodeAt(0) + (byte % count)));

const page = readFileSync(join(import.meta.dirname, '../../../docs/limits.md'), 'utf8');
const documented = (pattern: RegExp) => Number(pattern.exec(page)?.[1]?.replace(',', ''));

test('AR-06 a return address of the documented length fits into the state, whatever it consists of', () => {
  const length = documented(/addresses of up to ([\d,]*\d)\s+characters in any case/);
  assert.ok(length > 0, 'the sentence is there');
  for (let run = 0; run < 20; run += 1) {
    assert.ok(fits(`/${randomText(length - 1, '!', 94)}`));
  }
});

test('AR-06 a percent-encoded return address of the typical length fits', () => {
  const length = documented(/percent-encoded ones of up to ([\d,]*\d)/);
  for (let run = 0; run < 20; run += 1) {
    const bytes = [...randomBytes(Math.floor(length / 3))].map(
      (byte) => `%${byte.toString(16).padStart(2, '0').toUpperCase()}`,
    );
    assert.ok(fits(`/${bytes.join('')}`.slice(0, length)));
  }
});
