/** The certificates of the public port in `doctor` and `check`: files, key, lifetime and the hosts of the public URLs. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { stringify } from 'yaml';
import { runCli } from '../../../src/cli/cli.ts';
import { certificateChecks } from '../../../src/cli/doctor/certificates.ts';
import { parseConfig } from '../../../src/config/load/load.ts';
import type { ConfigInput } from '../../../src/config/schema/schema.ts';
import { createCertificate, temporaryFolder } from '../../support/tls-files.ts';

type Tls = NonNullable<NonNullable<ConfigInput['listen']>['tls']>;

const configWith = (tls: Tls): ConfigInput => ({
  publicUrl: 'https://shop.example.com',
  listen: { tls },
  secrets: { keys: [{ id: 'k1', value: 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx' }] },
  provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
  apps: [{ id: 'staff', publicUrl: 'https://staff.example.com' }],
});

const checksOf = (tls: Tls, now = Date.now()) =>
  certificateChecks(parseConfig(configWith(tls)), now).map(({ level, message }) => `${level} ${message}`);

function twoPairs(t: TestContext) {
  const folder = temporaryFolder(t, 'tls');
  const one = createCertificate(folder, 'one', ['shop.example.com'], 400);
  return { folder, one, other: createCertificate(folder, 'other', ['*.example.com'], 400) };
}

test('doctor: usable certificates for all hosts, and one that is missing', (t) => {
  const { one, other } = twoPairs(t);
  const all = checksOf({ ...one, certificates: [other] });
  assert.match(
    all.join('\n'),
    /^ok .*one\.crt is valid to .* for shop\.example\.com\nok .*other\.crt .*\*\.example\.com$/,
  );
  assert.match(checksOf(one)[1] ?? '', /^fail no certificate of listen\.tls is for staff\.example\.com/);
});

test('doctor: a certificate that expires, one that has expired, and a key of another one', (t) => {
  const { one, other } = twoPairs(t);
  const at = (days: number) => checksOf(other, Date.now() + days * 86_400_000)[0] ?? '';
  assert.match(at(380), /^warn .*other\.crt expires on .*, in 20 days/);
  assert.match(at(401), /^fail .*other\.crt expired on /);
  assert.match(checksOf({ ...other, key: one.key })[0] ?? '', /^fail listen\.tls: the key of .* does not belong/);
});

test('check reads the certificates: a fault is an error, a short lifetime a warning', async (t) => {
  const { folder, one } = twoPairs(t);
  const check = async (tls: Tls) => {
    let err = '';
    const code = await runCli({
      argv: ['check', '--config', join(folder, 'gateway.yaml')],
      env: {},
      listFiles: () => [],
      readFile: () => stringify(configWith(tls)),
      out: () => {},
      err: (text) => {
        err += text;
      },
      fetch,
      start: async () => {},
    });
    return `${code} ${err}`;
  };
  const late = createCertificate(folder, 'late', ['*.example.com'], 1);
  assert.match(await check({ certificate: 'one.crt', key: 'one.key' }), /^0 .*configuration is valid/s);
  assert.match(await check({ ...one, key: late.key }), /^1 .*listen\.tls: the key of .*late\.key does not belong/s);
  // A lifetime of a day is short, but it has just begun.
  assert.doesNotMatch(await check(late), /certificate-lifetime/);
});
