/** FA-05: further origins of an app and the cookie that they share: what the start refuses, and that it warns. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../../src/config/load/load.ts';
import { planReload } from '../../../src/config/load/reload-plan.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';
import { isPublicSuffix } from '../../../src/config/validate/public-suffix.ts';
import { explainRequest } from '../../../src/explain/explain.ts';
import { cookieSettings } from '../../../src/session/cookies.ts';

interface Parts {
  publicUrl?: string;
  origins?: string[];
  domain?: string;
  further?: string;
  routes?: string[];
}

const AUTH = 'https://auth.example.com';
const WIKI = 'https://wiki.example.com';
const routeAt = (origin: string) => `{ origin: "${origin}", path: /**, upstream: none, kind: page }`;

/** A file with lines for the parts; without them it is valid. */
function textOf(parts: Parts): string {
  const { publicUrl = AUTH, origins = [WIKI], domain = 'example.com', further = '' } = parts;
  const routes = (parts.routes ?? origins.map(routeAt)).map((route) => `  - ${route}\n`).join('');
  return `publicUrl: ${publicUrl}
origins: ${JSON.stringify(origins)}
session: { cookie: { sharedDomain: ${domain === '' ? 'null' : JSON.stringify(domain)} } }
routes: ${routes === '' ? '[]' : ''}
${routes}trustedProxies: [10.0.0.5]
endpoints: { prefix: /.auth }
secrets: { keys: [{ id: k1, value: k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx }] }
provider: { issuer: https://id.example.com, clientId: tools, clientSecret: s3cret }
forwardAuth: { host: 127.0.0.1, port: 9401 }
${further}`.replace(/^session: .*null.*\n/m, '\n');
}

const load = (parts: Parts | string) =>
  loadConfig({
    file: 'gateway.yaml',
    text: typeof parts === 'string' ? parts : textOf(parts),
    env: {},
    readFile: () => assert.fail('no file is read'),
  });

function faultsOf(parts: Parts | string): string[] {
  try {
    load(parts);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults.map(({ line, path, message }) => `${line} ${path}: ${message}`);
  }
  return [];
}

const DOMAIN = '3 session.cookie.sharedDomain:';
const SHAPE = 'cannot be used; write a domain such as example.com, in lower case and without leading dot';

const ROWS: [what: string, parts: Parts | string, faults: string[]][] = [
  ['nothing', {}, []],
  ['a domain that is an origin itself', { publicUrl: 'https://example.com' }, []],
  [
    'a smaller domain',
    { publicUrl: 'https://a.x.example.com', origins: ['https://b.x.example.com'], domain: 'x.example.com' },
    [],
  ],
  [
    'an own domain below a private suffix',
    { publicUrl: 'https://a.me.github.io', origins: ['https://b.me.github.io'], domain: 'me.github.io' },
    [],
  ],
  [
    'an IP address',
    { publicUrl: 'https://10.0.0.1', origins: ['https://10.0.0.1:8443'], domain: '10.0.0.1' },
    [`${DOMAIN} is an IP address: browsers accept no cookie for it`],
  ],
  ...['com', 'co.uk', 'github.io', 'localhost'].map((suffix): [string, Parts, string[]] => [
    `the public suffix ${suffix}`,
    { publicUrl: `https://a.${suffix}`, origins: [`https://b.${suffix}`], domain: suffix },
    [`${DOMAIN} is a public suffix: hosts of other people lie below it`],
  ]),
  [
    'no parent of an origin',
    { origins: [WIKI, 'https://wiki.example.org'] },
    [`${DOMAIN} is no parent of https://wiki.example.org: the cookie would not get there`],
  ],
  [
    'no parent of publicUrl',
    { publicUrl: 'https://auth.example.org' },
    [`${DOMAIN} is no parent of https://auth.example.org: the cookie would not get there`],
  ],
  [
    'a domain that only ends alike',
    { publicUrl: 'https://authexample.com' },
    [`${DOMAIN} is no parent of https://authexample.com: the cookie would not get there`],
  ],
  ['no origins', { origins: [] }, [`${DOMAIN} has no effect without origins`]],
  ['a leading dot', { domain: '.example.com' }, [`${DOMAIN} ".example.com" ${SHAPE}`]],
  ['a capital letter', { domain: 'Example.com' }, [`${DOMAIN} "Example.com" ${SHAPE}`]],
  ['a dot at the end', { domain: 'example.com.' }, [`${DOMAIN} "example.com." ${SHAPE}`]],
  ['a URL', { domain: 'https://example.com' }, [`${DOMAIN} "https://example.com" ${SHAPE}`]],
  [
    'plain HTTP',
    {
      publicUrl: 'http://auth.wiki.localhost',
      origins: ['http://wiki.localhost'],
      domain: 'wiki.localhost',
      further: 'development: { allowInsecureHttp: true }\n',
    },
    [`${DOMAIN} needs https: the cookie is a Secure one, also at every entry of origins`],
  ],
  [
    'an origin with plain HTTP',
    { origins: ['http://wiki.example.com'] },
    [
      '2 origins[0]: plain HTTP is allowed only on loopback, for development',
      `${DOMAIN} needs https: the cookie is a Secure one, also at every entry of origins`,
    ],
  ],
  [
    'origins without the domain',
    { domain: '' },
    ['2 origins[0]: gets no session cookie: that of publicUrl belongs to its host'],
  ],
  ['an origin twice', { origins: [WIKI, WIKI], routes: [routeAt(WIKI)] }, ['2 origins[1]: is an origin twice']],
  ['publicUrl as an origin', { origins: [AUTH] }, ['2 origins[0]: is an origin twice']],
  [
    'an origin whose host is allowed',
    { further: 'allowedHosts: [WIKI.example.com:443]\n' },
    ['2 origins[0]: its host is in allowedHosts, which leads to publicUrl'],
  ],
  [
    'an origin without a route',
    { origins: [WIKI, 'https://b.example.com'], routes: [routeAt(WIKI)] },
    ['2 origins[1]: no route has this origin: every request would be refused'],
  ],
  [
    'a route of an origin that is not listed',
    { routes: [routeAt(WIKI), routeAt('https://b.example.com')] },
    ['6 routes[1].origin: is neither publicUrl nor an entry of origins'],
  ],
  [
    'a route of another origin with an upstream',
    { routes: [`{ origin: "${WIKI}", path: /**, upstream: "http://wiki:8080", kind: page }`] },
    ['5 routes[0].upstream: only forward authentication asks about another origin than publicUrl'],
  ],
  [
    'two routes that differ by their origin',
    { routes: [routeAt(WIKI), '{ path: /**, upstream: none, kind: page }'] },
    [],
  ],
  [
    'two routes of one origin',
    { routes: [routeAt(WIKI), routeAt(WIKI)] },
    ['6 routes[1].path: this route is never reached: an earlier route matches all of its paths'],
  ],
  [
    'no forwardAuth',
    textOf({}).replace(/^forwardAuth.*$/m, ''),
    [
      '2 origins: needs forwardAuth: nothing else asks about them',
      '5 routes[0].upstream: none needs forwardAuth: nothing else asks about this route',
    ],
  ],
  [
    'a name with the wrong prefix',
    textOf({}).replace('sharedDomain', 'name: __Host-x, sharedDomain'),
    ['3 session.cookie.name: the name must start with __Secure-'],
  ],
];

for (const [what, parts, faults] of ROWS)
  test(`FA-05 faults of origins and sharedDomain: ${what}`, () =>
    assert.deepEqual(faultsOf(parts).sort(), [...faults].sort()));

test('FA-05 a shared cookie is told at every start, and is Lax beside pages', () => {
  const { config, warnings } = load({});
  assert.deepEqual(
    warnings.map(({ id }) => id),
    ['shared-cookie', 'secret-in-file'],
  );
  assert.match(warnings[0]?.message ?? '', /every host below example\.com/);
  assert.equal(config.session.cookie.sameSite, 'lax');
  const { sessionName, sessionOptions, hostOptions } = cookieSettings(config);
  assert.deepEqual(
    [sessionName, sessionOptions.domain, hostOptions.domain],
    ['__Secure-bff', 'example.com', undefined],
  );
});

test('FA-05 another domain needs a restart, further origins do not', () => {
  const running = load({}).config;
  const origins = [WIKI, 'https://b.example.com'];
  assert.deepEqual(planReload(running, load({ origins }).config).kept, []);
  const moved = load({ publicUrl: AUTH, domain: '', origins: [] }).config;
  assert.deepEqual(planReload(running, moved).kept, ['session.cookie.sharedDomain']);
});

test('FA-05 explain finds the routes of an origin', () => {
  const { config } = load({ routes: [routeAt(WIKI), '{ path: /here/**, upstream: none, kind: page }'] });
  const request = { method: 'GET', path: '/x', claims: undefined, address: undefined, now: 0 };
  assert.match(
    explainRequest(config, { ...request, origin: WIKI }),
    /route {3}https:\/\/wiki\.example\.com\/\*\* \(routes\[0\]\)/,
  );
  assert.match(explainRequest(config, request), /route {3}none/);
});

test('FA-05 public suffixes include those of providers of hosting, and no domain of one owner', () => {
  for (const suffix of ['com', 'co.uk', 'github.io', 'azurewebsites.net', 'xn--p1ai', 'internal', 'test'])
    assert.equal(isPublicSuffix(suffix), true, suffix);
  for (const domain of ['example.com', 'example.co.uk', 'me.github.io', 'corp.internal', 'a.b.example.com'])
    assert.equal(isPublicSuffix(domain), false, domain);
});
