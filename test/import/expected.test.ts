/** Every sample becomes exactly what is written down for it, line by line, and no secret of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { SAMPLES } from './samples.ts';
import { FILES, imported } from './translated.ts';

const expected = (name: string) => readFileSync(join(import.meta.dirname, 'expected', name), 'utf8');

/** What stands in the samples and must not be copied. */
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
  test(`${format} ${sample} becomes the configuration and the report that are written down`, () => {
    const { yaml, report } = imported(format, sample, issuer);
    assert.equal(yaml, expected(`${format}-${sample}.config.txt`));
    assert.equal(report, expected(`${format}-${sample}.report.txt`));
    for (const secret of SECRETS) assert.ok(!(yaml + report).includes(secret), secret);
  });

test('the secrets that are looked for are in the samples', () => {
  const files = SAMPLES.filter(({ format }) => format !== 'apigee');
  const text = files.map(({ format, sample }) => FILES.readFile(`${format}/${sample}`)).join('\n');
  for (const secret of SECRETS) assert.ok(text.includes(secret), secret);
});
