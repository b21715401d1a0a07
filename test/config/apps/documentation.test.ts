/** The samples of docs/several-apps.md are valid, and do what the page says. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { redirectUriOf } from '../../../src/config/schema/endpoints.ts';
import { docSamples } from '../../support/doc-sample.ts';
import { appsIn, KEY, load } from './load-apps.ts';

const SECRETS = {
  ...Object.fromEntries(['shop', 'desk', 'p1', 'p2', 'oidc', 'admin'].map((name) => [`/run/secrets/${name}`, name])),
  '/run/secrets/k1': KEY,
};
const sample = (heading: string) => docSamples('several-apps', heading, {})[0] ?? assert.fail();
const redirectUris = (text: string, files: Record<string, string> = {}) =>
  Object.values(appsIn(text, { ...SECRETS, ...files })).map((app) => redirectUriOf(app, app.provider));

describe('docs/several-apps.md', () => {
  test('three apps on three hosts', () => {
    const text = sample('Three apps on three hosts');
    assert.deepEqual(Object.keys(appsIn(text, SECRETS)), ['shop', 'desk', 'partners']);
    assert.deepEqual(redirectUris(text).slice(0, 2), [
      'https://shop.example.com/callback',
      'https://desk.example.com/callback',
    ]);
  });

  test('one file for each app', () => {
    const [text = '', shop = ''] = docSamples('several-apps', 'One file for each app', {});
    assert.deepEqual(Object.keys(appsIn(text, { ...SECRETS, 'conf/apps.d/shop.yaml': shop })), ['shop']);
  });

  test('forward authentication for several hosts', () => {
    assert.deepEqual(redirectUris(sample('Forward authentication for several hosts')), [
      'https://grafana.example.com/.auth/callback',
      'https://wiki.example.com/.auth/callback',
    ]);
  });

  test('two apps on one origin', () => {
    const text = sample('Two apps on one origin');
    const { admin } = appsIn(text, SECRETS);
    assert.equal(admin?.session.cookie.name, '__Host-bff-admin');
    assert.equal(redirectUris(text)[1], 'https://shop.example.com/admin/callback');
    assert.ok(load(text, SECRETS).warnings.some(({ id }) => id === 'app-path'));
  });
});
