/** JSON Schema of apps, for editors: each option is described once, and an app refers to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SHARED_OPTIONS } from '../../../src/config/schema/app-options.ts';
import { jsonSchema, type SchemaNode } from '../../../src/config/schema/options.ts';

const schema = jsonSchema();
const app = schema.$defs?.app ?? assert.fail();

function nodeAt(pointer: string): unknown {
  const names = pointer.replace(/^#\//, '').split('/');
  return names.reduce<unknown>((node, name) => (node as Record<string, unknown> | undefined)?.[name], schema);
}

function referencesIn(node: SchemaNode): string[] {
  return Object.values(node.properties ?? {}).flatMap((child) => (child.$ref ? [child.$ref] : referencesIn(child)));
}

test('every reference of an app resolves to an option of the file', () => {
  const references = referencesIn(app);
  assert.ok(references.length > 15);
  for (const reference of references) assert.notEqual(nodeAt(reference), undefined, reference);
  assert.equal(schema.properties?.apps?.items?.$ref, '#/$defs/app');
});

test('an app has no option that all apps share, and every other one', () => {
  const sessionOptions = Object.keys(app.properties?.session?.properties ?? {}).map((name) => `session.${name}`);
  const offered = [...Object.keys(app.properties ?? {}), ...sessionOptions];
  const expected = [
    ...Object.keys(schema.properties ?? {}),
    ...Object.keys(schema.properties?.session?.properties ?? {}).map((name) => `session.${name}`),
  ].filter((name) => !SHARED_OPTIONS.some((shared) => shared === name) && name !== 'apps' && name !== 'appsFrom');
  assert.deepEqual(offered.toSorted(), ['id', 'path', ...expected].toSorted());
});

test('a file without apps needs a publicUrl and a provider; an app may inherit parts of it', () => {
  assert.deepEqual(schema.required, ['secrets']);
  assert.deepEqual(schema.else?.required, ['publicUrl']);
  assert.deepEqual(schema.else?.properties?.provider?.required, ['issuer', 'clientId']);
  assert.equal(schema.properties?.provider?.required, undefined);
  assert.deepEqual(app.required, ['id', 'publicUrl']);
});
