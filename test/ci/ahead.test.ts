/** readAhead reads its source immediately and loses no value. */
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

test('the source is read before a value is requested', async () => {
  const produced: number[] = [];
  const values = readAhead(numbers(3, produced));
  while (produced.length < 3) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(await Array.fromAsync(values), [0, 1, 2]);
});

test('values that arrive during consumption follow in order', async () => {
  assert.deepEqual(await Array.fromAsync(readAhead(numbers(50))), [...Array(50).keys()]);
  assert.deepEqual(await Array.fromAsync(readAhead(numbers(0))), []);
});

test('an error is thrown after the values, and is not unhandled before', async () => {
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
