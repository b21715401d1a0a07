/** Trust in forwarded headers: none by default, and a trusted proxy only for the hop that it saw itself. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { createAddressMatcher, normalizeAddress } from '../../src/base/address.ts';
import { createPeerReader, type Peer } from '../../src/edge/peer.ts';
import { fc } from '../support/properties.ts';

type Headers = Record<string, string | string[]>;

function peerOf(trusted: readonly string[], remoteAddress: string | undefined, headers: Headers, encrypted?: boolean) {
  const socket = Object.assign(new Socket(), encrypted === undefined ? {} : { encrypted });
  Object.defineProperty(socket, 'remoteAddress', { value: remoteAddress });
  return createPeerReader(trusted)({ headers, socket });
}

const SPOOFED: Headers[] = [
  { 'x-forwarded-for': '6.6.6.6' },
  { 'x-forwarded-proto': 'https' },
  { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' },
  { forwarded: 'for=6.6.6.6;proto=https' },
  { 'x-real-ip': '6.6.6.6', 'x-client-ip': '6.6.6.6', 'true-client-ip': '6.6.6.6', 'cf-connecting-ip': '6.6.6.6' },
  { 'x-forwarded-ssl': 'on', 'front-end-https': 'on', 'x-url-scheme': 'https', 'x-forwarded-scheme': 'https' },
];
for (const headers of SPOOFED) {
  test(`PX-11 R20 an untrusted peer that sends ${Object.keys(headers).join(', ')} keeps its own address`, () => {
    const stranger: Peer = { clientIp: '203.0.113.9', secure: false, trusted: false };
    assert.deepEqual(peerOf([], '203.0.113.9', headers), stranger);
    assert.deepEqual(peerOf(['10.0.0.0/8'], '203.0.113.9', headers), stranger);
    assert.deepEqual(peerOf(['10.0.0.0/8', '::1'], '::ffff:203.0.113.9', headers), stranger);
  });
}

test('PX-11 by default no peer is trusted: neither loopback nor a private network', () => {
  const headers = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' };
  for (const address of ['127.0.0.1', '::1', '10.0.0.1', '192.168.1.1', '172.17.0.1', 'fe80::1'])
    assert.deepEqual(peerOf([], address, headers), { clientIp: address, secure: false, trusted: false });
});

test('R22 without a trusted proxy, the scheme is that of the socket', () => {
  assert.equal(peerOf([], '203.0.113.9', {}, true).secure, true);
  assert.equal(peerOf([], '203.0.113.9', { 'x-forwarded-proto': 'http' }, true).secure, true);
  assert.equal(peerOf([], '203.0.113.9', { 'x-forwarded-proto': 'https' }, false).secure, false);
  assert.equal(peerOf(['10.0.0.1'], '10.0.0.1', {}, true).secure, true);
});

test('PX-11 a closed socket has an unknown address, which no list can contain', () => {
  const headers = { 'x-forwarded-for': '6.6.6.6', 'x-forwarded-proto': 'https' };
  const nobody = { clientIp: 'unknown', secure: false, trusted: false };
  assert.deepEqual(peerOf(['0.0.0.0/0', '::/0'], undefined, headers), nobody);
  assert.deepEqual(peerOf(['0.0.0.0/0', '::/0'], '', headers), nobody);
});

const TRUSTED = ['10.0.0.0/8', '2001:db8:1::/48'];
/** Name, headers, and the expected address and scheme behind a proxy at 10.0.0.1. */
const CHAINS: [string, Headers, string, boolean][] = [
  ['nothing', {}, '10.0.0.1', false],
  ['one hop', { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https' }, '203.0.113.9', true],
  [
    'a client that wrote an address of its own first',
    { 'x-forwarded-for': '6.6.6.6, 203.0.113.9' },
    '203.0.113.9',
    false,
  ],
  ['a client that names a proxy', { 'x-forwarded-for': '6.6.6.6, 10.9.9.9, 203.0.113.9' }, '203.0.113.9', false],
  ['two proxies', { 'x-forwarded-for': '6.6.6.6, 203.0.113.9, 10.0.0.2' }, '203.0.113.9', false],
  ['proxies only', { 'x-forwarded-for': '10.0.0.3, 10.0.0.2' }, '10.0.0.3', false],
  ['a header of two lines', { 'x-forwarded-for': ['6.6.6.6', '203.0.113.9'] }, '203.0.113.9', false],
  ['spaces and tabs', { 'x-forwarded-for': ' 203.0.113.9\t', 'x-forwarded-proto': ' HTTPS ' }, '203.0.113.9', true],
  ['the scheme alone', { 'x-forwarded-proto': 'https' }, '10.0.0.1', true],
  ['a port', { 'x-forwarded-for': '203.0.113.9:4711' }, '203.0.113.9', false],
  ['IPv6', { 'x-forwarded-for': '2001:DB8:0:0:0:0:0:7' }, '2001:db8::7', false],
  ['IPv6 in brackets with a port', { 'x-forwarded-for': '[2001:db8::7]:4711' }, '2001:db8::7', false],
  ['IPv4 inside IPv6', { 'x-forwarded-for': '::ffff:203.0.113.9' }, '203.0.113.9', false],
  ['IPv4 inside IPv6 that is a proxy', { 'x-forwarded-for': '203.0.113.9, ::ffff:10.0.0.2' }, '203.0.113.9', false],
  ['an IPv6 proxy in between', { 'x-forwarded-for': '203.0.113.9, 2001:db8:1::5' }, '203.0.113.9', false],
  // The sender of a hop after a malformed one is unknown, so nothing further out is trusted.
  ['a malformed hop', { 'x-forwarded-for': '203.0.113.9, unknown' }, '10.0.0.1', false],
  ['a malformed hop behind a proxy', { 'x-forwarded-for': '203.0.113.9, x, 10.0.0.2' }, '10.0.0.2', false],
  ['an empty element', { 'x-forwarded-for': '203.0.113.9,, 10.0.0.2' }, '10.0.0.2', false],
  ['a name', { 'x-forwarded-for': 'localhost' }, '10.0.0.1', false],
  ['an octal address', { 'x-forwarded-for': '0313.0.0.1' }, '10.0.0.1', false],
  ['a bracket without end', { 'x-forwarded-for': '[2001:db8::7' }, '10.0.0.1', false],
  ['text after the bracket', { 'x-forwarded-for': '[2001:db8::7]x' }, '10.0.0.1', false],
  ['an encoded line break', { 'x-forwarded-for': '203.0.113.9%0d%0a' }, '10.0.0.1', false],
  ['another scheme', { 'x-forwarded-proto': 'wss' }, '10.0.0.1', false],
  [
    'the scheme of each hop',
    { 'x-forwarded-for': '203.0.113.9, 10.0.0.2', 'x-forwarded-proto': 'https,http' },
    '203.0.113.9',
    true,
  ],
  [
    'the scheme of the client was plain',
    { 'x-forwarded-for': '203.0.113.9, 10.0.0.2', 'x-forwarded-proto': 'http,https' },
    '203.0.113.9',
    false,
  ],
  [
    'an unknown scheme further out',
    { 'x-forwarded-for': '203.0.113.9, 10.0.0.2', 'x-forwarded-proto': 'wss, https' },
    '203.0.113.9',
    true,
  ],
  [
    'a scheme that the client wrote first',
    { 'x-forwarded-for': '6.6.6.6, 203.0.113.9', 'x-forwarded-proto': 'https, http' },
    '203.0.113.9',
    false,
  ],
  [
    'one scheme for two hops',
    { 'x-forwarded-for': '203.0.113.9, 10.0.0.2', 'x-forwarded-proto': 'https' },
    '203.0.113.9',
    true,
  ],
  ['Forwarded', { forwarded: 'for=203.0.113.9;proto=https;by=10.0.0.1;host=evil.example' }, '203.0.113.9', true],
  ['Forwarded, quoted', { forwarded: 'For="[2001:db8::7]:47011";Proto="HTTPS"' }, '2001:db8::7', true],
  [
    'Forwarded with two hops',
    { forwarded: 'for=6.6.6.6, for=203.0.113.9;proto=https, for=10.0.0.2;proto=http' },
    '203.0.113.9',
    true,
  ],
  [
    'Forwarded with a comma in quotes',
    { forwarded: 'for="6.6.6.6, for=7.7.7.7", for=203.0.113.9' },
    '203.0.113.9',
    false,
  ],
  [
    'Forwarded with an escaped quote',
    { forwarded: 'by="a\\", for=7.7.7.7;x=\\"";for=203.0.113.9' },
    '203.0.113.9',
    false,
  ],
  [
    'Forwarded with an element in quotes',
    { forwarded: 'for=203.0.113.9;x="y, for=7.7.7.7;z=1"' },
    '203.0.113.9',
    false,
  ],
  [
    'Forwarded with an escaped quote last',
    { forwarded: 'for=203.0.113.9;x="a\\", for=7.7.7.7;y=\\"b"' },
    '203.0.113.9',
    false,
  ],
  ['Forwarded with quoted pairs', { forwarded: 'for="203.0.113\\.9";proto="ht\\tps"' }, '203.0.113.9', true],
  ['Forwarded with a hidden name', { forwarded: 'for=_secret;proto=https' }, '10.0.0.1', true],
  [
    'Forwarded beside the other two',
    { forwarded: 'for=6.6.6.6;proto=https', 'x-forwarded-for': '203.0.113.9' },
    '203.0.113.9',
    false,
  ],
  ['Forwarded and X-Forwarded-Proto', { forwarded: 'for=6.6.6.6', 'x-forwarded-proto': 'http' }, '10.0.0.1', false],
  ['a malformed Forwarded', { forwarded: ';;=,=;for' }, '10.0.0.1', false],
];
for (const [what, headers, clientIp, secure] of CHAINS) {
  test(`PX-11 R22 through a trusted proxy: ${what}`, () => {
    assert.deepEqual(peerOf(TRUSTED, '10.0.0.1', headers), { clientIp, secure, trusted: true });
  });
}

test('PX-11 the hop that the proxy appended decides, whatever the client sent', () => {
  const word = fc.constantFrom(
    '6.6.6.6',
    '10.0.0.9',
    '::1',
    'unknown',
    '"',
    ';',
    '[',
    ']',
    'for=',
    ',',
    ' ',
    'https',
    '\\',
  );
  const junk = fc.array(fc.oneof(word, fc.string({ maxLength: 5 })), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(junk, junk, junk, (ips, protos, forwarded) => {
      const headers = {
        'x-forwarded-for': `${ips}, 203.0.113.9`,
        'x-forwarded-proto': `${protos.replaceAll(',', '')}, http`,
        forwarded,
      };
      assert.deepEqual(peerOf(TRUSTED, '10.0.0.1', headers), { clientIp: '203.0.113.9', secure: false, trusted: true });
    }),
    { numRuns: 2_000 },
  );
});

const SPELLINGS: [string, string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:C000:0201', '192.0.2.1'],
  ['2001:DB8:0:0::1', '2001:db8::1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1', '::1'],
  ['192.0.2', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2.01', undefined],
  ['[::1]', undefined],
  ['', undefined],
  ['localhost', undefined],
];
for (const [text, expected] of SPELLINGS)
  test(`PX-11 ${JSON.stringify(text)} normalizes to ${expected}`, () => assert.equal(normalizeAddress(text), expected));

/** List, addresses inside, addresses outside. */
const LISTS: [string, string[], string[]][] = [
  ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '9.255.255.255', '::a00:1']],
  ['10.0.0.7', ['10.0.0.7'], ['10.0.0.8', '10.0.0.6']],
  ['192.168.4.0/22', ['192.168.7.255'], ['192.168.8.0', '192.168.3.255']],
  ['0.0.0.0/0', ['1.2.3.4'], ['2001:db8::1']],
  ['2001:db8::/32', ['2001:db8:ffff::1'], ['2001:db9::1', '10.0.0.1']],
  ['::ffff:10.0.0.0/104', ['10.1.2.3'], ['11.0.0.1', '::1']],
  ['::1', ['::1'], ['::2', '127.0.0.1']],
];
for (const [entry, inside, outside] of LISTS) {
  test(`PX-11 the list entry ${entry} matches exactly its range`, () => {
    const isTrusted = createAddressMatcher(['198.51.100.1', entry]);
    for (const address of [...inside, '198.51.100.1']) assert.equal(isTrusted(address), true, address);
    for (const address of outside) assert.equal(isTrusted(address), false, address);
  });
}

for (const entry of [
  '',
  'proxy',
  '10.0.0.0/33',
  '10.0.0.0/',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0.0/8x',
  '::/129',
  '::ffff:10.0.0.0/8',
  '10.0.0/8',
  '*',
])
  test(`PX-11 the list entry ${JSON.stringify(entry)} prevents the start`, () =>
    assert.throws(() => createPeerReader(['10.0.0.1', entry]), /trusted proxy/));
