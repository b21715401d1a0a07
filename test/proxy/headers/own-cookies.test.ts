/** The gateway's cookies stay with the gateway, in both directions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createOwnCookieTest, setsOwnCookie, withoutOwnCookies } from '../../../src/proxy/headers/own-cookies.ts';
import { createRequestHeaderRewriter } from '../../../src/proxy/headers/request-headers.ts';
import { parseCookies } from '../../../src/session/cookies.ts';
import { fc } from '../../support/properties.ts';
import { configOf, contextOf, valuesOf } from '../../support/route-fixtures.ts';

const isOwn = createOwnCookieTest({
  sessionName: '__Host-bff',
  loginPrefix: '__Host-bff-login-',
  logoutName: '__Host-bff-logout',
  arrivedName: '__Host-bff-arrived',
});
const outgoing = createRequestHeaderRewriter(configOf());
const cookieSent = (...cookies: string[]) =>
  valuesOf(
    outgoing(contextOf(cookies.map((value): [string, string] => ['Cookie', value])), {
      host: 'orders:8080',
      requestCookies: 'forward',
    }),
    'cookie',
  );

const SECRET = 'S3CRET';
const REQUESTS: [string, string[], string[]][] = [
  ['own cookie first', [`__Host-bff=${SECRET}; a=1; b=2`], ['a=1; b=2']],
  ['own cookie between others', [`a=1; __Host-bff=${SECRET}; b=2`], ['a=1; b=2']],
  ['own cookie last, without spaces', [`a=1;b=2;__Host-bff=${SECRET}`], ['a=1; b=2']],
  ['login cookies', [`a=1; __Host-bff-login-0123456789abcdef=${SECRET}; b=2`], ['a=1; b=2']],
  ['own cookie twice', [`__Host-bff=${SECRET}; a=1; __Host-bff=${SECRET}`], ['a=1']],
  ['no other cookie', [`__Host-bff=${SECRET}`], []],
  ['two header lines', [`a=1; __Host-bff=${SECRET}`, `__Host-bff-login-x=${SECRET}; b=2`], ['a=1; b=2']],
  ['another case', [`__host-BFF=${SECRET}; a=1`], ['a=1']],
  ['another prefix or none', [`__Secure-bff=${SECRET}; bff=${SECRET}; a=1`], ['a=1']],
  ['percent-encoded', [`%5F%5FHost-bff=${SECRET}; a=1`], ['a=1']],
  ['white space around the name', [`\t__Host-bff =${SECRET}; a=1`], ['a=1']],
  ['inside a quoted value of another cookie', [`a="1; __Host-bff=${SECRET}; b=2"`], ['a="1; b=2"']],
  ['without a name', [`=__Host-bff=${SECRET}; a=1`], ['a=1']],
  ['other cookies keep their bytes', ['a = "x y" ;  b=%41\xfc==; c'], ['a = "x y" ;  b=%41\xfc==; c']],
  [
    'names that only look alike',
    ['__Host-bff2=1; my__Host-bff=2; bff-x=3'],
    ['__Host-bff2=1; my__Host-bff=2; bff-x=3'],
  ],
];
for (const [what, headers, expected] of REQUESTS) {
  test(`R27 PX-04 cookies of the gateway never go upstream: ${what}`, () => {
    assert.deepEqual(cookieSent(...headers), expected);
  });
}

test('PX-04 requestCookies: drop sends none at all', () => {
  const sent = outgoing(contextOf([['Cookie', `a=1; __Host-bff=${SECRET}`]]), {
    host: 'orders:8080',
    requestCookies: 'drop',
  });
  assert.deepEqual(valuesOf(sent, 'cookie'), []);
});

test('R27 in any context, a cookie that the gateway itself reads never goes upstream', () => {
  const piece = fc.oneof(
    fc.constant(`__Host-bff=${SECRET}`),
    fc.constant(`__Host-bff-login-abc=${SECRET}`),
    fc.string({ unit: fc.constantFrom('a', '=', ' ', '"', '\t', '%', '_', '-', ',', '$') }),
  );
  fc.assert(
    fc.property(fc.array(piece), fc.constantFrom(';', '; ', ' ;\t'), (pieces, separator) => {
      const header = pieces.join(separator);
      const left = withoutOwnCookies(header, isOwn);
      for (const name of parseCookies(left).keys()) assert.ok(!name.startsWith('__Host-bff'), left);
      assert.ok(!left.includes(SECRET), left);
      // No other cookie is lost.
      const others = [...parseCookies(header)].filter(([name]) => !isOwn(name));
      assert.deepEqual([...parseCookies(left)], others);
    }),
  );
});

const SET: [string, boolean][] = [
  ['__Host-bff=evil; Path=/; Secure', true],
  ['__host-bff=evil', true],
  ['__HOST-BFF=evil', true],
  ['__Secure-bff=evil; Domain=example.com', true],
  ['bff=evil', true],
  [' \t__Host-bff =evil', true],
  ['=__Host-bff=evil', true],
  ['==bff=evil', true],
  ['__Host-bff', true],
  ['__Host-bff; Path=/', true],
  ['__Host-bff-login-abc=evil', true],
  ['__HOST-bff-LOGIN-abc=evil', true],
  ['%5f%5fHost-bff=evil', true],
  ['app=__Host-bff', false],
  ['app=1; Path=/__Host-bff', false],
  ['bff2=1', false],
  ['=', false],
];
for (const [value, own] of SET) {
  test(`PX-15 Set-Cookie ${JSON.stringify(value)} ${own ? 'is' : 'is not'} a cookie of the gateway`, () => {
    assert.equal(setsOwnCookie(value, isOwn), own);
  });
}
