/** `bff-gateway import` from outside: the configuration on standard output, the report on standard error, exit codes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCli } from '../../src/cli/cli.ts';
import { FILES, load } from '../import/translated.ts';

async function cli(...argv: string[]) {
  let out = '';
  let err = '';
  const code = await runCli({
    ...FILES,
    argv,
    env: {},
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    fetch: () => assert.fail('sent a request to a gateway'),
    start: () => assert.fail('started'),
  });
  return { code, out, err };
}

test('import prints a valid configuration and a report', async () => {
  const { code, out, err } = await cli('import', 'kong', 'kong/shop.yaml');
  assert.equal(code, 0);
  assert.equal(load(out).provider.clientId, 'shop-web');
  assert.match(err, /^kong\/shop\.yaml:7: translated: /);
  assert.match(err, /^5 translated, 1 approximated, \d+ left out$/m);
});

test('import of a folder uses the issuer given with --issuer', async () => {
  const without = await cli('import', 'apigee', 'apigee/tokens');
  assert.deepEqual([without.code, without.out], [1, '']);
  assert.match(without.err, /name the issuer that replaces it with --issuer/);
  const { code, out } = await cli('import', 'apigee', 'apigee/tokens', '--issuer', 'https://id.example.com');
  assert.equal(code, 0);
  assert.equal(load(out).provider.issuer, 'https://id.example.com');
});

test('import reports where a file is invalid and exits with code 1', async () => {
  for (const [format, path, why] of [
    ['kong', 'none.yaml', /none\.yaml: cannot read the file/],
    ['kong', 'apim/orders.xml', /orders\.xml: (?:line \d+: |not )/],
    ['apim', 'kong/shop.yaml', /shop\.yaml: (?:line \d+: |not )/],
    ['oauth2-proxy', 'kong/shop.yaml', /shop\.yaml: line \d+: /],
    ['apigee', 'kong', /kong: not a proxy bundle/],
  ] as const) {
    const { code, out, err } = await cli('import', format, path);
    assert.deepEqual([code, out], [1, ''], path);
    assert.match(err, why);
  }
});

test('an unknown format and a missing file are wrong usage', async () => {
  assert.equal((await cli('import', 'nginx', 'x')).code, 2);
  assert.equal((await cli('import', 'kong')).code, 2);
  assert.equal((await cli('import')).code, 2);
});
