/** Host must be an accepted host exactly, sent once, and agree with an absolute target. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/base/errors.ts';
import { createFindApps } from '../../src/routing/find-apps.ts';
import { fc } from '../support/properties.ts';

const PUBLIC = 'https://shop.example.com';
const OTHER = 'internal.example.com:8443';

function outcome(hosts: readonly string[], absolute = false, publicUrl = PUBLIC, allowed: readonly string[] = [OTHER]) {
  try {
    createFindApps([{ config: { publicUrl, allowedHosts: [...allowed], app: { id: 'main', path: '' } } }])(
      hosts,
      absolute ? 'https://shop.example.com/x' : '/x',
    );
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof GatewayError);
    assert.equal(error.headers.connection, 'close');
    return error.code;
  }
}

const ACCEPTED = ['shop.example.com', 'SHOP.Example.COM', 'shop.example.com:443', OTHER, 'INTERNAL.example.com:8443'];
for (const host of ACCEPTED) test(`PX-12 ${host} is accepted`, () => assert.equal(outcome([host]), 'accepted'));

const MISDIRECTED = [
  'evil.example',
  'evilshop.example.com',
  'shop.example.com.evil.example',
  'shop.example.com.',
  'shop.example.com:80',
  'shop.example.com:8443',
  'shop.example.com:0443',
  'shop.example.com:',
  'shop.example.com:443:443',
  'internal.example.com:8443:443',
  '[::1]:443',
  'internal.example.com',
  'internal.example.com:443',
  'sub.shop.example.com',
  'shop.example',
  'shop',
  'localhost',
  '127.0.0.1',
  '[::1]',
  '.',
];
for (const host of MISDIRECTED)
  test(`PX-12 R20 ${host} is another host`, () => assert.equal(outcome([host]), 'misdirected'));

const MALFORMED = [
  '',
  ' ',
  ' shop.example.com',
  'shop.example.com ',
  'user@shop.example.com',
  'shop.example.com/x',
  'shop.example.com?x',
  'shop.example.com#x',
  'shop.example.com\\x',
  'shop.example.com,evil.example',
  'https://shop.example.com',
  'shop%2eexample.com',
  'shop.example.com\u0000',
  'shop.example.com\t',
  'ſhop.example.com',
  'shop。example.com',
];
for (const host of MALFORMED)
  test(`PX-12 ${JSON.stringify(host)} is malformed`, () => assert.equal(outcome([host]), 'bad_request'));

test('PX-12 Host must be sent exactly once', () => {
  assert.equal(outcome([]), 'bad_request');
  assert.equal(outcome(['shop.example.com', 'shop.example.com']), 'bad_request');
  assert.equal(outcome(['shop.example.com', 'evil.example']), 'bad_request');
  assert.equal(outcome(['evil.example', 'shop.example.com']), 'bad_request');
});

test('PX-12 with an absolute target, Host must name the same host', () => {
  assert.equal(outcome(['shop.example.com'], true), 'accepted');
  assert.equal(outcome(['SHOP.example.com:443'], true), 'accepted');
  assert.equal(outcome([OTHER], true), 'bad_request');
  assert.equal(outcome(['evil.example'], true), 'misdirected');
});

test('PX-12 the default port of the scheme is optional, a port of the public URL is required', () => {
  assert.equal(outcome(['shop.example.com:80'], false, 'http://shop.example.com', []), 'accepted');
  assert.equal(outcome(['shop.example.com:443'], false, 'http://shop.example.com', []), 'misdirected');
  assert.equal(outcome(['localhost:3000'], false, 'http://localhost:3000', []), 'accepted');
  assert.equal(outcome(['localhost'], false, 'http://localhost:3000', []), 'misdirected');
  assert.equal(outcome(['localhost:3000:80'], false, 'http://localhost:3000', []), 'misdirected');
  assert.equal(outcome(['[::1]:3000'], false, 'http://[::1]:3000', []), 'accepted');
  assert.equal(outcome(['[::1]:80'], false, 'http://[::1]', []), 'accepted');
});

test('PX-12 R20 no text except an accepted host ever passes', () => {
  const piece = fc.constantFrom(
    'shop',
    '.example',
    '.com',
    ':443',
    '.',
    ':',
    '@',
    'evil',
    'SHOP',
    OTHER,
    '[',
    ']',
    '-',
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('')),
    fc.string({ maxLength: 20 }),
  );
  const listed = new Set(['shop.example.com', 'shop.example.com:443', OTHER]);
  fc.assert(
    fc.property(text, (host) =>
      assert.equal(outcome([host]) === 'accepted', listed.has(host.toLowerCase()) && /^[!-~]+$/.test(host)),
    ),
    { numRuns: 3_000 },
  );
});
