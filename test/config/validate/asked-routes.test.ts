/** Routes that only forward authentication asks about: what they may have, and what would have no effect. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { upstreamChecks } from '../../../src/cli/doctor/upstreams.ts';
import { loadConfig } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { explainRequest } from '../../../src/explain/explain.ts';

const BASE = `publicUrl: https://wiki.example.com
trustedProxies: [10.0.0.5]
endpoints: { prefix: /.auth }
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: https://id.example.com, clientId: wiki, clientSecret: s3cret }
`;
const ASKED = 'forwardAuth: { host: 127.0.0.1, port: 9401 }\n';

const load = (text: string) =>
  loadConfig({ file: 'gateway.yaml', text: BASE + text, env: {}, readFile: () => assert.fail('no file is read') });

function faultsOf(text: string): string[] {
  try {
    load(text);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
  return [];
}

test('FA-01 a route without an upstream may be a page or an API, with rules, claims and WebSockets', () => {
  const { config, warnings } = load(`${ASKED}routes:
  - { path: /api/**, upstream: none, websocket: true, allowedOrigins: [https://a.example], csrf: fetch-metadata }
  - { path: /**, upstream: none, kind: page, claimHeaders: { X-User-Name: email }, upstreamToken: none, crossSiteNavigation: confirm }
`);
  const [api, page] = config.routes;
  assert.deepEqual([api?.claimsFrom, page?.claimsFrom, page?.websocket], ['accessToken', 'identity', true]);
  assert.deepEqual(
    warnings.map(({ id }) => id),
    ['pages-share-origin', 'secret-in-file'],
  );
});

test('FA-01 options that need an upstream are faults, each with its line', () => {
  const found = faultsOf(`${ASKED}routes:
  - path: /**
    upstream: none
    kind: page
    setCookie: forward
    timeouts: { connect: 1s }
    logoutPaths: [/bye]
    hostHeader: public
  - path: /api/**
    upstream: none
    stripPrefix: /api
    cache: private
  - path: /uploads/**
    upstream: none
    rules:
      - { methods: [GET], token: user }
      - { token: user, maxBody: 1kb }
`);
  const message = 'has no effect with upstream: none';
  for (const row of [
    `11 routes[0].setCookie: ${message}`,
    `12 routes[0].timeouts: ${message}`,
    `23 routes[2].rules[1].maxBody: ${message}`,
    `13 routes[0].logoutPaths: ${message}`,
    `14 routes[0].hostHeader: ${message}`,
    `17 routes[1].stripPrefix: ${message}`,
    `18 routes[1].cache: ${message}`,
  ])
    assert.ok(found.includes(row), `${row} in ${found.join('\n')}`);
});

test('FA-01 without forwardAuth nothing would ask about such a route', () => {
  assert.deepEqual(faultsOf('routes: [{ path: /api/**, upstream: none }]\n'), [
    '6 routes[0].upstream: none needs forwardAuth: nothing else asks about this route',
  ]);
});

test('FA-01 an upstream is a URL or none', () => {
  const message = '"nothing" is not a URL; write one such as https://app.example.com';
  assert.deepEqual(faultsOf(`${ASKED}routes: [{ path: /api/**, upstream: nothing }]\n`), [
    `7 routes[0].upstream: ${message}`,
  ]);
});

test('FA-01 explain and doctor know that the front proxy has the upstream', async () => {
  const { config } = load(`${ASKED}routes: [{ path: /api/**, upstream: none }]\n`);
  const request = { method: 'GET', path: '/api/x', claims: undefined, address: undefined, now: 0 };
  assert.match(explainRequest(config, request), /routes\[0\]\) of the front proxy, which asks about it/);
  assert.deepEqual(await upstreamChecks(config, () => ''), []);
});

test('FA-01 the routes of further apps are checked as well, and may rely on forwardAuth of the file', async () => {
  const app = (route: string) => `apps:
  - id: desk
    publicUrl: https://desk.example.com
    routes: [{ path: /**, upstream: none, kind: page${route} }]
`;
  const { config } = load(ASKED + app(''));
  assert.deepEqual(
    config.apps?.map(({ routes }) => routes.map(({ upstream }) => upstream)),
    [['none']],
  );
  assert.deepEqual(faultsOf(app('')), [
    '9 apps[0].routes[0].upstream: none needs forwardAuth: nothing else asks about this route',
  ]);
  assert.deepEqual(faultsOf(ASKED + app(', setCookie: drop')), [
    '10 apps[0].routes[0].setCookie: has no effect with upstream: none',
  ]);
});
