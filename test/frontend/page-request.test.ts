/** Which requests the index page is the response of, by what they accept, and the time to find out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Request } from 'express';
import { wantsPage } from '../../src/frontend/page-request.ts';

const wants = (accept?: string) =>
  wantsPage({ method: 'GET', path: '/orders', headers: accept === undefined ? {} : { accept } } as Request);

test('a client that accepts HTML and prefers no JSON gets the page', () => {
  const accepted = [undefined, '*/*', 'text/html', 'text/html,application/xhtml+xml,*/*;q=0.8', 'text/*, a/b'];
  for (const accept of accepted) assert.equal(wants(accept), true, accept);
  const others = ['application/json', 'application/json, text/html;q=0.9', 'image/png', 'text/html;q=0'];
  for (const accept of others) assert.equal(wants(accept), false, accept);
});

test('a header that fills the head of a request costs no more than a moment', () => {
  assert.equal(wants(`text/html,${'a/b,'.repeat(4_000)}`), true);
  assert.equal(wants(`${'a/b,'.repeat(4_000)}text/html`), false);
  const started = process.cpuUsage();
  for (let count = 0; count < 200; count += 1) wants('*/*,'.repeat(4_000));
  const { user } = process.cpuUsage(started);
  // More than 5 s if all ranges are compared.
  assert.ok(user < 2_000_000, `${user} µs`);
});
