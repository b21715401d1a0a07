/** Every sample is translated to the expected configuration and report, which contain no secret. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SAMPLES } from './samples.ts';
import { FILES, imported } from './translated.ts';

const expected = (name: string) => readFileSync(join(import.meta.dirname, 'expected', name), 'utf8');

/** Secrets in the samples that must not be copied. */
const SECRETS = [
  'kong-sample-secret',
  'kong-shared-secret',
  'vault://env/oidc-secret',
  'c2FtcGxlLW9ubHktc2hhcmVkLWtleQ',
  'oauth2-proxy-sample-secret',
  'another-sample-secret',
  'c2FtcGxlLWNvb2tpZS1zZWNyZXQ',
  'sample-redis-password',
];

for (const { format, sample, issuer } of SAMPLES)
  test(`${format} ${sample} is translated to the expected configuration and report`, () => {
    const { yaml, report } = imported(format, sample, issuer);
    assert.equal(yaml, expected(`${format}-${sample}.config.txt`));
    assert.equal(report, expected(`${format}-${sample}.report.txt`));
    for (const secret of SECRETS) assert.ok(!(yaml + report).includes(secret), secret);
  });

test('the samples contain the secrets', () => {
  const files = SAMPLES.filter(({ format }) => format !== 'apigee');
  const text = files.map(({ format, sample }) => FILES.readFile(`${format}/${sample}`)).join('\n');
  for (const secret of SECRETS) assert.ok(text.includes(secret), secret);
});
