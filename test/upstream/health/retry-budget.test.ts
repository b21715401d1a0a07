/** The budget of retries: a part of the requests of the last ten seconds, with a floor for upstreams with few requests. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from '../../../src/upstream/health/retry-budget.ts';

/** Takes as many retries as the budget allows. */
function takeAll(budget: RetryBudget, now: number): number {
  let taken = 0;
  while (budget.tryTake(now)) taken += 1;
  return taken;
}

test('few requests have the floor, many have their percentage', () => {
  assert.equal(takeAll(new RetryBudget(20), 0), 100);
  const budget = new RetryBudget(20);
  for (let at = 0; at < 2_000; at += 1) budget.onRequest(at);
  assert.equal(takeAll(budget, 2_000), 400);
});

test('the budget fills again as its window slides, and 0 is none', () => {
  const budget = new RetryBudget(20);
  assert.equal(takeAll(budget, 0), 100);
  assert.equal(takeAll(budget, 9_000), 0);
  assert.equal(takeAll(budget, 10_000), 100);
  assert.equal(takeAll(new RetryBudget(0), 0), 0);
});
