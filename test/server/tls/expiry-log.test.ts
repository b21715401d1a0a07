/** Warnings about certificates that expire: a fortnight of lifetime left is late for a year, not for a month. */
import assert from 'node:assert/strict';
import type { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { lifetimeFault, namesOf } from '../../../src/base/system/certificate.ts';
import { createExpiryLog } from '../../../src/server/tls/expiry-log.ts';

const DAY = 86_400_000;
const FROM = Date.parse('2026-01-01T00:00:00Z');
const lifetime = (days: number) => ({ validFromDate: new Date(FROM), validToDate: new Date(FROM + days * DAY) });

test('a certificate expires soon in its last 30 days, or in the last quarter of a shorter lifetime', () => {
  const faultOf = (days: number, left: number) => lifetimeFault(lifetime(days), FROM + (days - left) * DAY);
  assert.equal(faultOf(365, 31), undefined);
  assert.equal(faultOf(365, 29)?.reason, 'expires on 2027-01-01, in 29 days');
  assert.equal(faultOf(90, 29), undefined);
  assert.match(faultOf(90, 22)?.reason ?? '', /in 22 days$/);
  assert.equal(faultOf(6, 2), undefined);
  assert.deepEqual(faultOf(6, 1), { isUsable: true, reason: 'expires on 2026-01-07, in 1 day' });
  assert.deepEqual(faultOf(6, 0), { isUsable: false, reason: 'expired on 2026-01-07: browsers refuse it' });
  assert.match(faultOf(6, 7)?.reason ?? '', /^is valid from 2026-01-01 only/);
});

test('the log warns at the start and once a day until the certificate is replaced', () => {
  let now = FROM + 340 * DAY;
  const lines: unknown[] = [];
  const check = createExpiryLog({ warn: (...args: unknown[]) => void lines.push(args[0]) }, () => now);
  const certificate = (days: number) => {
    const leaf = { ...lifetime(days), fingerprint256: String(days) } as X509Certificate;
    return [{ option: 'listen.tls', files: { certificate: 'a.crt', key: 'a.key' }, pair: { cert: '', key: '', leaf } }];
  };
  for (let hour = 0; hour < 47; hour += 1) {
    check(certificate(365));
    now += DAY / 24;
  }
  assert.equal(lines.length, 2);
  assert.deepEqual(lines[0], {
    option: 'listen.tls',
    certificate: 'a.crt',
    validTo: '2027-01-01T00:00:00.000Z',
    reason: 'expires on 2027-01-01, in 25 days',
  });
  check(certificate(800));
  assert.equal(lines.length, 2);
});

test('a name with a comma or a quote in a certificate is one name, and none that is served', () => {
  const subjectAltName =
    'DNS:"a.test\\u002c DNS:b.test", DNS:c.test, IP Address:127.0.0.1, DNS:*.D.test, DNS:f*.e.test';
  assert.deepEqual(namesOf({ subjectAltName }), ['c.test', '*.d.test']);
});
