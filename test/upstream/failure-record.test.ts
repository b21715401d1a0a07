/** The record of an upstream counts what the upstream caused, and keeps the latest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { createFailureRecord } from '../../src/upstream/failure-record.ts';

test('failures of the upstream count; refusals of the gateway do not', () => {
  const record = createFailureRecord();
  assert.deepEqual(record.state(), { failures: 0, lastFailure: undefined });
  record.note(new GatewayError('upstream_failed', { detail: 'ECONNREFUSED' }));
  record.note(new GatewayError('upstream_timeout', { detail: 'UPSTREAM_HEAD_TIMEOUT' }));
  record.note(new GatewayError('unauthenticated', { detail: 'the session ended during the request' }));
  const { failures, lastFailure } = record.state();
  assert.equal(failures, 2);
  assert.equal(lastFailure?.code, 'upstream_timeout');
  assert.equal(lastFailure?.detail, 'UPSTREAM_HEAD_TIMEOUT');
});
