/** Conventions of the source tree: ranks, import cycles, folder and file sizes, library walls, first lines. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: ROOT }).sort();
/** The packages beside the gateway have no ranks; the conventions for each file hold there too. */
const all = [...files, ...globSync('packages/*/src/**/*.ts', { cwd: ROOT })].sort();
const textOf = new Map(all.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

/** The rooms by rank, lowest first. A file imports from its own room and from rooms of a lower rank. */
const RANKS: readonly (readonly string[])[] = [
  [
    'base',
    'client/base',
    'crypto',
    'observe/format',
    'oidc/products/base',
    'tuning',
    'upstream/connect',
    'upstream/http',
  ],
  ['base/system', 'certificate', 'oidc/products/catalog', 'responses/messages', 'tracing', 'upstream/health'],
  ['hooks', 'oidc/products'],
  ['client/window', 'config/fields', 'policy/values', 'testing/provider', 'upstream/http2', 'upstream/undici'],
  ['client', 'config/changes', 'config/traffic', 'policy/conditions', 'store/port'],
  ['store/processes', 'store/redis', 'store/sqlite'],
  ['store'],
  ['config/sections', 'upstream/balance'],
  ['config/schema'],
  ['config/validate', 'import/draft', 'observe'],
  ['config/apps', 'config/messages', 'config/warnings'],
  [
    'config/load',
    'import/apigee',
    'import/apim',
    'import/kong',
    'import/oauth2-proxy',
    'observe/metrics',
    'observe/tracing',
    'policy',
    'responses',
    'upstream',
  ],
  ['import', 'observe/access', 'routing', 'session'],
  ['edge', 'explain', 'oidc/dpop', 'oidc/keys'],
  ['limits', 'oidc/responses'],
  ['oidc/provider', 'proxy/headers'],
  ['oidc/logout', 'oidc/tokens'],
  ['admin', 'oidc/login', 'oidc/refresh'],
  ['admin/page', 'oidc/sign-in'],
  ['cli/doctor', 'endpoints/common', 'proxy/admission', 'proxy/relay'],
  ['endpoints/logout', 'proxy/forwarding'],
  ['endpoints', 'proxy/hooks', 'proxy/pages', 'proxy/transform', 'proxy/websocket'],
  ['frontend', 'proxy/forward-auth'],
  ['gateway', 'server/http2', 'server/tls'],
  ['server/listeners'],
  ['server'],
  ['cli/dev', 'embed'],
  ['cli/init'],
  ['testing'],
  ['cli'],
  [''],
];

/** Rooms with fewer than three files, and why they are rooms. */
const SMALL_ROOMS: Readonly<Record<string, string>> = {};

const roomOf = (file: string) => dirname(file).replace(/^src\/?/, '');
const rankOf = (file: string) => RANKS.findIndex((rooms) => rooms.includes(roomOf(file)));

const importsOf = (file: string) =>
  [...(textOf.get(file) ?? '').matchAll(/^(?:import|export)[^'";]*?from '(\.[^']+)'/gms)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );

test('every room has exactly one rank', () => {
  const rooms = [...new Set(files.map(roomOf))].sort();
  assert.deepEqual([...RANKS.flat()].sort(), rooms);
});

test('a file imports only from its own room or from a lower rank', () => {
  const violations = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) !== roomOf(file) && rankOf(target) >= rankOf(file))
      .map((target) => `${file} -> ${target}`),
  );
  assert.deepEqual(violations, []);
});

test('there are no import cycles', () => {
  const done = new Set<string>();
  const visit = (file: string, path: string[]): void => {
    assert.ok(!path.includes(file), `cycle: ${[...path, file].join(' -> ')}`);
    if (done.has(file)) return;
    for (const next of importsOf(file)) visit(next, [...path, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
});

test('only the entry points are loose files', () => {
  assert.deepEqual(
    files.filter((file) => roomOf(file) === ''),
    ['src/index.ts', 'src/main.ts'],
  );
});

test('a room has 3 to 15 files, or a reason to be smaller', () => {
  const sizes = new Map<string, number>();
  for (const file of files) sizes.set(roomOf(file), (sizes.get(roomOf(file)) ?? 0) + 1);
  const entries = [...sizes].filter(([room]) => room !== '');
  assert.deepEqual(
    entries.filter(([, size]) => size > 15),
    [],
  );
  const small = entries.filter(([, size]) => size < 3).map(([room]) => room);
  assert.deepEqual(small.sort(), Object.keys(SMALL_ROOMS).sort());
});

test('each library is imported from its rooms only', () => {
  const walls: Record<string, RegExp> = {
    ioredis: /^src\/store\/redis\//,
    'connect-redis': /^src\/store\/redis\//,
    'openid-client': /^src\/oidc\//,
    jose: /^src\/(oidc|testing\/provider)\//,
    'http-proxy-middleware': /^src\/proxy\/websocket\//,
    'lru-cache': /^src\/base\/lru\.ts$/,
    undici: /^src\/(oidc\/provider\/send\.ts$|upstream\/undici\/)/,
    express: /^src\/(endpoints|gateway|frontend|session)\//,
    'express-session': /^src\/(gateway|session|store)\//,
    helmet: /^src\/gateway\//,
    accepts: /^src\/(responses|frontend)\//,
    eta: /^src\/responses\//,
    pino: /^src\/observe\//,
    'pino-pretty': /^src\/observe\/format\//,
    'prom-client': /^src\/(observe\/metrics|tuning)\//,
    yaml: /^src\/(config\/load|cli|explain|import)\//,
    tldts: /^src\/config\/validate\//,
    'rate-limiter-flexible': /^src\/(admin\/page|endpoints)\//,
    '@xmldom/xmldom': /^src\/import\//,
    'smol-toml': /^src\/import\//,
    commander: /^src\/cli\//,
    bowser: /^src\/session\//,
    '@opentelemetry/api': /^src\/observe\/tracing\//,
    '@opentelemetry/core': /^src\/observe\/tracing\//,
    '@opentelemetry/propagator-b3': /^src\/observe\/tracing\//,
    '@opentelemetry/resources': /^src\/observe\/tracing\//,
    '@opentelemetry/sdk-trace': /^src\/observe\/tracing\//,
    re2js: /^src\/policy\/values\//,
  };
  for (const [library, where] of Object.entries(walls)) {
    const violations = files.filter((file) => textOf.get(file)?.includes(`from '${library}'`) && !where.test(file));
    assert.deepEqual(violations, [], library);
  }
});
test('no file is longer than 200 lines', () => {
  const long = all.filter((file) => (textOf.get(file)?.split('\n').length ?? 0) > 201);
  assert.deepEqual(long, []);
});

test('the first line of every file says what it is for', () => {
  const silent = all.filter((file) => !/^(#!.*\n)?\/\*\* .+/.test(textOf.get(file) ?? ''));
  assert.deepEqual(silent, []);
});

test('nothing is silenced', () => {
  const silenced = all.filter((file) =>
    /\bas any\b|: any\b|@ts-(ignore|expect-error)|biome-ignore/.test(textOf.get(file) ?? ''),
  );
  assert.deepEqual(silenced, []);
});

test('property tests take fast-check from test/support/properties.ts, which fixes the seed', () => {
  const isOther = (file: string) => file !== 'test/support/properties.ts';
  const imports = (file: string) =>
    /^import (?!type).* from 'fast-check'/m.test(readFileSync(join(ROOT, file), 'utf8'));
  assert.deepEqual(globSync('{test,e2e}/**/*.ts', { cwd: ROOT }).filter(isOther).filter(imports), []);
});
