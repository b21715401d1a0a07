/** The key by which an upstream chooses a target. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { upstreamPool } from '../../../src/config/traffic/upstream.ts';
import type { Admission } from '../../../src/proxy/admission/admit.ts';
import { createHashKey } from '../../../src/proxy/admission/hash-key.ts';
import { contextOf } from '../../support/edge.ts';

const issuer = 'https://id.example.com';
const callers = {
  alice: { kind: 'user', session: { key: 's1', data: { issuer, sub: 'alice' } } },
  aliceElsewhere: { kind: 'user', session: { key: 's2', data: { issuer, sub: 'alice' } } },
  aliceByToken: { kind: 'bearer', caller: { facts: { issuer, clientId: 'app', sub: 'alice' } } },
  service: { kind: 'bearer', caller: { facts: { issuer, clientId: 'batch', sub: undefined } } },
  anyone: { kind: 'anyone' },
} as unknown as Record<'alice' | 'aliceElsewhere' | 'aliceByToken' | 'service' | 'anyone', Admission>;

const context = contextOf({ url: '/', headers: { 'x-tenant': 'acme' } } as unknown as IncomingMessage);
const keysBy = (hash: unknown) => {
  const keyOf = createHashKey({ upstream: upstreamPool.parse({ targets: ['http://a'], balance: { hash } }) });
  return (caller: keyof typeof callers) => keyOf?.(context, callers[caller]);
};

test('by session: each session and each service has a key, others have none', () => {
  const key = keysBy('session');
  const keys = [key('alice'), key('aliceElsewhere'), key('aliceByToken'), key('service')];
  assert.equal(new Set(keys).size, 4);
  assert.ok(!keys.includes(undefined));
  assert.equal(key('anyone'), undefined);
});

test('by user: the same for every session and token of a user of an issuer', () => {
  const key = keysBy('user');
  assert.ok(key('alice'));
  assert.equal(key('alice'), key('aliceElsewhere'));
  assert.equal(key('alice'), key('aliceByToken'));
  assert.equal(key('service'), undefined);
  assert.equal(key('anyone'), undefined);
});

test('by address and by header, whoever calls', () => {
  assert.equal(keysBy('address')('anyone'), '127.0.0.1');
  assert.equal(keysBy({ header: 'X-Tenant' })('anyone'), 'acme');
  assert.equal(keysBy({ header: 'X-Other' })('alice'), undefined);
});

test('one URL, and other ways to balance, need no key', () => {
  assert.equal(createHashKey({ upstream: 'http://a' }), undefined);
  assert.equal(createHashKey({ upstream: upstreamPool.parse({ targets: ['http://a'] }) }), undefined);
});
