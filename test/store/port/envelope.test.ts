/** The stored session record: both names of its expiry, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvelope } from '../../../src/store/port/envelope.ts';

test('the expiry is read under its name, and under the name that earlier builds wrote', () => {
  const expected = { sealed: 'data', expiresAt: 1_000 };
  assert.deepEqual(parseEnvelope(JSON.stringify({ cookie: {}, sealed: 'data', expiresAt: 1_000 })), expected);
  assert.deepEqual(parseEnvelope(JSON.stringify({ cookie: {}, sealed: 'data', lapsesAt: 1_000 })), expected);
  assert.deepEqual(parseEnvelope(JSON.stringify({ sealed: 'data', expiresAt: 1_000, lapsesAt: 2_000 })), expected);
});

for (const text of [
  '',
  'null',
  '[]',
  '{"sealed":"data"}',
  '{"sealed":1,"expiresAt":1}',
  '{"sealed":"data","expiresAt":"1"}',
])
  test(`${text || 'an empty text'} is not an envelope`, () => assert.equal(parseEnvelope(text), undefined));
