/** A response to an authenticated caller is never stored in a shared cache. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { forbidsSharedCaching, mergeVary, SHARED_CACHE_HEADERS } from '../../../src/proxy/headers/caching.ts';
import {
  type Caller,
  createResponseHeaderRewriter,
  type ResponseFacts,
} from '../../../src/proxy/headers/response-headers.ts';
import { fc } from '../../support/properties.ts';
import { configOf, firstRoute, flatten, valuesOf } from '../../support/route-fixtures.ts';

type RouteInput = Partial<NonNullable<ConfigInput['routes']>[number]>;
type Pairs = [string, string][];

function receive(caller: Caller, headers: Pairs, route: RouteInput = {}, rest: Partial<ConfigInput> = {}) {
  const config = configOf([route], rest);
  const facts: ResponseFacts = { caller, requestId: 'request-1', cors: {} };
  return createResponseHeaderRewriter(config, firstRoute(config))(flatten(headers), facts);
}
const cacheControl = (...args: Parameters<typeof receive>) => valuesOf(receive(...args), 'cache-control');

const TO_USERS: [string[], string][] = [
  [[], 'private, no-store'],
  [['public, max-age=3600'], 'private, no-store'],
  [['max-age=60'], 'private, no-store'],
  [['no-cache'], 'private, no-store'],
  [['S-MaxAge=60'], 'private, no-store'],
  [['private', 'public'], 'private, no-store'],
  [['private, s-maxage=60'], 'private, no-store'],
  [['private="Set-Cookie", max-age=60'], 'private, no-store'],
  [['x="a, private, b", max-age=60'], 'private, no-store'],
  [['privately, no-storey'], 'private, no-store'],
  [['no-store'], 'no-store'],
  [['Private, max-age=60'], 'Private, max-age=60'],
  [['max-age=60', 'private'], 'max-age=60, private'],
];
for (const [upstream, expected] of TO_USERS) {
  test(`R21 HC-02 to a user, Cache-Control ${JSON.stringify(upstream)} becomes ${expected}`, () => {
    const headers = upstream.map((value): [string, string] => ['Cache-Control', value]);
    assert.deepEqual(cacheControl('user', headers), [expected]);
  });
}

test('R21 HC-02 a replaced Cache-Control removes Expires and Pragma; headers for shared caches are always removed', () => {
  const extra: Pairs = [
    ['Expires', 'later'],
    ['Pragma', 'x'],
    ...SHARED_CACHE_HEADERS.map((name): [string, string] => [name, 'max-age=9']),
  ];
  const replaced = receive('user', [['Cache-Control', 'public'], ...extra]);
  for (const [name] of extra) assert.deepEqual(valuesOf(replaced, name), [], name);
  const kept = receive('user', [['Cache-Control', 'private'], ...extra]);
  assert.deepEqual(valuesOf(kept, 'expires'), ['later']);
  for (const name of SHARED_CACHE_HEADERS) assert.deepEqual(valuesOf(kept, name), [], name);
});

test('HC-02 responses to guests and routes with cache: upstream keep the headers of the upstream', () => {
  const headers: Pairs = [
    ['Cache-Control', 'public, max-age=60'],
    ['Expires', 'later'],
    ['Surrogate-Control', 'max-age=9'],
  ];
  for (const got of [
    receive('anyone', headers),
    receive('guest', headers),
    receive('user', headers, { cache: 'upstream' }),
  ]) {
    assert.deepEqual(valuesOf(got, 'cache-control'), ['public, max-age=60']);
    assert.deepEqual(valuesOf(got, 'expires'), ['later']);
    assert.deepEqual(valuesOf(got, 'surrogate-control'), ['max-age=9']);
  }
  assert.deepEqual(cacheControl('anyone', []), []);
});

for (const caller of ['user', 'guest', 'anyone'] as const) {
  for (const cache of ['private', 'upstream'] as const) {
    test(`HC-01 a response to ${caller} that sets a cookie is never stored, cache: ${cache}`, () => {
      const headers: Pairs = [
        ['Set-Cookie', 'app=1'],
        ['Cache-Control', 'public, max-age=60'],
        ['Expires', 'later'],
      ];
      const got = receive(caller, headers, { setCookie: 'forward', cache });
      assert.deepEqual(valuesOf(got, 'cache-control'), ['private, no-store']);
      assert.deepEqual(valuesOf(got, 'expires'), []);
    });
  }
}

const CORS = { cors: { allowedOrigins: ['https://partner.example.com'] } };
const VARY: [Caller, string | undefined, RouteInput, Partial<ConfigInput>, string[]][] = [
  ['user', undefined, {}, {}, ['Cookie']],
  ['guest', undefined, {}, {}, ['Cookie']],
  ['anyone', undefined, {}, {}, []],
  ['anyone', 'Accept', {}, {}, ['Accept']],
  ['anyone', undefined, {}, CORS, ['Origin']],
  ['user', 'Accept-Encoding, cookie', {}, CORS, ['Accept-Encoding, cookie, Origin']],
  ['user', '*', {}, {}, ['*']],
  ['user', undefined, { csrf: 'fetch-metadata' }, {}, ['Cookie, Sec-Fetch-Site']],
  ['user', undefined, { cache: 'upstream' }, {}, ['Cookie']],
];
for (const [caller, upstream, route, rest, expected] of VARY) {
  test(`HC-03 Vary for ${caller}, upstream ${upstream}, ${JSON.stringify({ ...route, ...rest })}`, () => {
    const got = receive(caller, upstream === undefined ? [] : [['Vary', upstream]], route, rest);
    assert.deepEqual(valuesOf(got, 'vary'), expected);
  });
}

test('HC-02 for any upstream header, the browser of a user gets private or no-store, and never public', () => {
  const directive = fc.oneof(
    fc.constantFrom(
      'public',
      'private',
      'no-store',
      'no-cache',
      's-maxage=9',
      'max-age=9',
      'PUBLIC',
      '"',
      'private="a"',
      '',
    ),
    fc.string({ maxLength: 8 }).map((text) => text.replace(/[^\x20-\x7e]/g, 'x')),
  );
  fc.assert(
    fc.property(fc.array(fc.array(directive), { maxLength: 3 }), (lines) => {
      const [value = '', ...more] = cacheControl(
        'user',
        lines.map((line): [string, string] => ['Cache-Control', line.join(', ')]),
      );
      const seen = value
        .toLowerCase()
        .split(',')
        .map((part) => part.trim());
      assert.deepEqual(more, []);
      assert.ok(seen.includes('private') || seen.includes('no-store'), value);
      assert.ok(!seen.includes('public') && !seen.some((part) => part.startsWith('s-maxage')), value);
    }),
  );
});

test('forbidsSharedCaching and mergeVary', () => {
  assert.equal(forbidsSharedCaching(''), false);
  assert.equal(forbidsSharedCaching('private'), true);
  assert.equal(mergeVary([], []), undefined);
  assert.equal(mergeVary(['A', 'b'], ['B', 'C']), 'A, b, C');
});
