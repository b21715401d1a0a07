/** The path at the upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createUpstreamPath } from '../../../src/proxy/forwarding/upstream-path.ts';
import { parseTarget } from '../../../src/routing/target.ts';
import { PUBLIC } from '../../support/route-fixtures.ts';

const UP = 'http://orders:8080';
const PATHS: [string, string, string | undefined, string, string][] = [
  ['as it is', UP, undefined, '/api/a%2Fb//c/%C3%A9?q=a+b%2B&r', '/api/a%2Fb//c/%C3%A9?q=a+b%2B&r'],
  ['base path', `${UP}/v1/`, undefined, '/api/x?y', '/v1/api/x?y'],
  ['strip', UP, '/api', '/api/orders/7?x', '/orders/7?x'],
  ['strip and base', `${UP}/v1`, '/api', '/api/orders', '/v1/orders'],
  ['strip all', UP, '/api', '/api?x', '/?x'],
  ['strip all, trailing slash', UP, '/api', '/api/', '/'],
  ['strip two segments', UP, '/api/shop', '/api/shop/x', '/x'],
  ['strip by decoded segments', UP, '/api', '/%61pi/x%2Fy', '/x%2Fy'],
  ['a longer segment is another', UP, '/api', '/apis/x', '/apis/x'],
  ['prefix not there', UP, '/api/shop', '/api/x', '/api/x'],
];
for (const [what, upstream, stripPrefix, raw, expected] of PATHS) {
  test(`R31 path and query are forwarded unchanged: ${what}`, () => {
    const upstreamPath = createUpstreamPath({ upstream, ...(stripPrefix === undefined ? {} : { stripPrefix }) });
    assert.equal(upstreamPath(parseTarget(raw, PUBLIC)), expected);
  });
}

test('PX-01 no upstream path starts with text that a parser may read as a host', () => {
  const stripped = createUpstreamPath({ upstream: UP, stripPrefix: '/api' });
  for (const raw of ['/api//evil.test/x', '/api//', '//evil.test'])
    assert.throws(() => stripped(parseTarget(raw, PUBLIC)), { code: 'ambiguous_path' }, raw);
  assert.equal(stripped(parseTarget('/api/@evil.test:80/http://evil.test', PUBLIC)), '/@evil.test:80/http://evil.test');
});
