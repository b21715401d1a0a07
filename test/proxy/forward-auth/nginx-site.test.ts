/** Whole sites behind a real nginx that asks the gateway, configured as documented. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startNginx } from '../../support/nginx.ts';
import { testFrontSites } from './site-suite.ts';

testFrontSites(
  {
    name: 'nginx',
    heading: 'nginx',
    requirement: 'FA-02',
    start: startNginx,
    redirect: 302,
    replaced: /./,
    refusedHandshake: 403,
  },
  (browser) =>
    test('FA-02 nginx: a refusal that is no 401 or 403 is 403, never 500', async () => {
      for (const path of ['/a/..%2fb', '/%252e%252e/b', '/a%5cb'])
        assert.equal((await browser().navigate(path)).status, 403, path);
    }),
);
