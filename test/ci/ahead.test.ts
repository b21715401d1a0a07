/** Holds that a source is read from the start and loses nothing, however late its values are read. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readAhead } from './ahead.ts';

async function* numbers(count: number, produced: number[] = []): AsyncGenerator<number> {
  for (let value = 0; value < count; value += 1) {
    produced.push(value);
    yield value;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('it is read before a value is asked for', async () => {
  const produced: number[] = [];
  const values = readAhead(numbers(3, produced));
  while (produced.length < 3) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await Array.fromAsync(values), [0, 1, 2]);
});

test('values that come while it is read follow in order', async () => {
  assert.deepEqual(await Array.fromAsync(readAhead(numbers(50))), [...Array(50).keys()]);
  assert.deepEqual(await Array.fromAsync(readAhead(numbers(0))), []);
});

test('its error comes after the values, and is not unhandled before', async () => {
  async function* failing() {
    yield 1;
    throw new Error('broken');
  }
  const values = readAhead(failing());
  await new Promise((resolve) => setTimeout(resolve));
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const value of values) seen.push(value);
  }, /broken/);
  assert.deepEqual(seen, [1]);
});
