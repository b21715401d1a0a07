/** Holds the shape of the code: direction of imports, no cycles, file sizes, the first-line sentence. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '..');
const files = globSync('src/**/*.ts', { cwd: ROOT }).sort();
const textOf = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));

const RANKS: [RegExp, number][] = [
  [/^src\/client\//, 0],
  [/^src\/(errors|soon|bounded|config\/(schema|rule-schema|provider-schema|fields|units))\.ts$/, 0],
  [/^src\/(config|crypto|observe|pages)\//, 1],
  [/^src\/(store|import)\//, 2],
  [/^src\/(session|edge|providers)\//, 3],
  [/^src\/(oidc|policy|http)\//, 4],
  [/^src\/(endpoints|proxy)\//, 5],
  [/^src\/(problem|app|admin|admin-sessions|forward-auth|drain|listeners|pace|planes|gateway)\.ts$/, 6],
  [/^src\/(swap|reload)\.ts$/, 7],
  [/^src\/(server|workers?)\.ts$|^src\/cli\//, 8],
  [/^src\/(main|command|index)\.ts$/, 9],
];
const rankOf = (file: string) => RANKS.find(([pattern]) => pattern.test(file))?.[1] ?? -1;

const importsOf = (file: string) =>
  [...(textOf.get(file) ?? '').matchAll(/^(?:import|export)[^'";]*?from '(\.[^']+)'/gms)].map(([, path = '']) =>
    normalize(join(dirname(file), path)),
  );

test('every file has a rank', () => {
  assert.deepEqual(
    files.filter((file) => rankOf(file) < 0),
    [],
  );
});

test('a file imports only from a lower rank or its own folder', () => {
  const against = files.flatMap((file) =>
    importsOf(file)
      .filter((target) => dirname(target) !== dirname(file) && rankOf(target) >= rankOf(file))
      .map((target) => `${file} -> ${target}`),
  );
  assert.deepEqual(against, []);
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

test('each library is known to one part only', () => {
  const allowed: Record<string, RegExp> = {
    ioredis: /^src\/store\//,
    'connect-redis': /^src\/store\//,
    'openid-client': /^src\/oidc\//,
    jose: /^src\/(oidc|proxy)\//,
    'http-proxy-middleware': /^src\/proxy\//,
    'lru-cache': /^src\/bounded\.ts$/,
    undici: /^src\/oidc\/mtls\.ts$/,
  };
  for (const [library, where] of Object.entries(allowed)) {
    const users = files.filter((file) => textOf.get(file)?.includes(`from '${library}'`) && !where.test(file));
    assert.deepEqual(users, [], library);
  }
});

test('no file is longer than 200 lines, the schema aside', () => {
  const long = files.filter((file) => (textOf.get(file)?.split('\n').length ?? 0) > 201 && !file.endsWith('schema.ts'));
  assert.deepEqual(long, []);
});

test('the first line of every file says what it is for', () => {
  const silent = files.filter((file) => !/^(#!.*\n)?\/\*\* .+/.test(textOf.get(file) ?? ''));
  assert.deepEqual(silent, []);
});

test('nothing is silenced', () => {
  const silenced = files.filter((file) =>
    /\bas any\b|: any\b|@ts-(ignore|expect-error)|biome-ignore/.test(textOf.get(file) ?? ''),
  );
  assert.deepEqual(silenced, []);
});
