/** The scaling page against the capacity model. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { capacity, MEASURED, table } from '../../bench/scaling.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/scaling.md'), 'utf8');

test('the page has the table and the assumptions of the model', () => {
  assert.ok(page.includes(table()));
  for (const [name, value] of Object.entries(MEASURED)) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? '';
    assert.match(row.replaceAll(',', ''), new RegExp(`\\| ${value}( |\\b)`), name);
  }
});

test('the model scales linearly with users and inversely with the token lifetime', () => {
  const [one, ten] = [capacity(100_000, 10_000), capacity(1_000_000, 100_000)];
  assert.equal(Math.round(ten.cores / one.cores), 10);
  assert.equal(Math.round(ten.redisGigabytes / one.redisGigabytes), 10);
  const longer = capacity(100_000, 10_000, { ...MEASURED, tokenLife: 600 });
  assert.equal(longer.refreshes * 2, one.refreshes);
});
