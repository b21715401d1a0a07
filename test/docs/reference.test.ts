/** The reference of the configuration: every option is described, says what to write, and its example is accepted. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadConfig } from '../../src/config/load/load.ts';
import { appLists } from '../../src/config/schema/app-options.ts';
import type { SchemaNode } from '../../src/config/schema/options.ts';
import { configSchema } from '../../src/config/schema/schema.ts';
import { EXAMPLES } from '../../src/config/sections/examples.ts';
import { describedOptions } from './render-options.ts';

const described = describedOptions();
const leaves = described.filter(({ node }) => node.properties === undefined);

test('every option has a description', () => {
  assert.deepEqual(
    leaves.filter(({ node }) => !node.description).map(({ path }) => path),
    [],
  );
});

const isEmpty = (value: unknown) => value === undefined || ['""', '[]', '{}'].includes(JSON.stringify(value));

/** Whether the reference shows what to write: named values, entries with options of their own, or a default. */
const isClear = ({ enum: values, const: literal, type, items, anyOf, default: value }: SchemaNode) =>
  values !== undefined ||
  literal !== undefined ||
  type === 'boolean' ||
  items?.enum !== undefined ||
  items?.properties !== undefined ||
  items?.$ref !== undefined ||
  anyOf?.some(({ properties }) => properties !== undefined) ||
  !isEmpty(value);

test('every option has named values, a default or an example', () => {
  const unclear = leaves.filter(({ path, node }) => EXAMPLES[path] === undefined && !isClear(node));
  assert.deepEqual(
    unclear.map(({ path }) => path),
    [],
  );
});

/** A configuration with one value: `a.b[].c{}.d` is `{ a: { b: [{ c: { name: { d } } }] } }`. */
function configWith(path: string, value: unknown): unknown {
  return path
    .split(/\.|(?=\[\])|(?=\{\})/)
    .reverse()
    .reduce<unknown>((inner, step) => {
      if (step === '[]') return [inner];
      return { [step === '{}' ? 'name' : step]: inner };
    }, value);
}

const schema = configSchema(() => 'secret').extend(appLists.shape);

/** Options that another option of the same entry needs. */
const WITH: Readonly<Record<string, readonly string[]>> = {
  'secrets.keys[].id': ['file'],
  'secrets.keys[].value': ['id'],
  'secrets.keys[].file': ['id'],
  'secrets.keys[].env': ['id'],
  'provider.allowedLoginParams[].name': ['values'],
  'provider.allowedLoginParams[].values': ['name'],
  'provider.allowedLoginParams[].pattern': ['name'],
  'routes[].upstream.healthCheck.host': ['path'],
  'routes[].limits[].requests': ['per'],
  'routes[].limits[].per': ['requests'],
  'routes[].rules[].limits[].requests': ['per'],
  'routes[].rules[].limits[].per': ['requests'],
  'routes[].upstream.tls.certificate': ['key'],
  'routes[].upstream.tls.key': ['certificate'],
  'routes[].rules[].roles[].client': ['role'],
  'routes[].rules[].roles[].role': ['client'],
};

/** A pool is one only with targets. */
function withTargets(config: unknown): unknown {
  const [route] = (config as { routes: { upstream: object }[] }).routes;
  return { routes: [{ upstream: { ...route?.upstream, targets: EXAMPLES['routes[].upstream.targets'] } }] };
}

/** A configuration with the example of an option, and of those that it needs. */
function configOf(path: string, example: unknown): unknown {
  const config = withOthers(path, example);
  return /^routes\[\]\.upstream\.(?!targets)/.test(path) ? withTargets(config) : config;
}

function withOthers(path: string, example: unknown): unknown {
  const others = WITH[path];
  if (!others) return configWith(path, example);
  const [, entry = '', name = ''] = /^(.*)\.(\w+)$/.exec(path) ?? [];
  const examples = others.map((other) => [other, EXAMPLES[`${entry}.${other}`]]);
  return configWith(entry, { ...Object.fromEntries(examples), [name]: example });
}

for (const [path, example] of Object.entries(EXAMPLES)) {
  test(`the example of ${path} is accepted`, () => {
    assert.ok(
      described.some((option) => option.path === path),
      'the option exists',
    );
    const at = path.split(/\.|\[\]|\{\}/).filter((step) => step !== '');
    const { error } = schema.safeParse(configOf(path, example));
    for (const issue of error?.issues ?? []) {
      const names = issue.path.filter((step) => typeof step === 'string' && step !== 'name');
      // A union reports its faults at its own path; the configuration lacks other options on purpose.
      const concerns = at.every((name, index) => index >= names.length || names[index] === name);
      assert.ok(!concerns || issue.message.endsWith('received undefined'), `${issue.path.join('.')}: ${issue.message}`);
    }
  });
}

test('an example that is not accepted is noticed', () => {
  const { error } = schema.safeParse(configWith('routes[].maxBody', '10 megabytes'));
  assert.ok(error?.issues.some(({ path }) => path.join('.') === 'routes.0.maxBody'));
});

test('the sample is a valid configuration, and valid YAML with every option when its comments are removed', () => {
  const sample = readFileSync(join(import.meta.dirname, '../../docs/configuration.sample.yaml'), 'utf8');
  const readFile = () => 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
  loadConfig({ file: 'configuration.sample.yaml', text: sample, env: {}, readFile });
  const [, options = ''] = sample.split('into the groups above.\n');
  const parsed: unknown = parse(options.replaceAll(/^# /gm, ''));
  const names = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.flatMap(names);
    if (typeof value !== 'object' || value === null) return [];
    return Object.entries(value).flatMap(([name, inner]) => [name, ...names(inner)]);
  };
  const found = new Set(names(parsed));
  const missing = described.filter(
    ({ path }) => !/[{]|^apps|^providers|upstreamToken\.|allowedLoginParams\[/.test(path),
  );
  assert.deepEqual(
    missing.map(({ path }) => path.replace('[]', '').split('.').at(-1) ?? '').filter((name) => !found.has(name)),
    [],
  );
});
