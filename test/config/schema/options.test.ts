/** Environment variables derived from the schema: the checked-in list, and schemas from which none can be derived. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { options, optionsOf, type SchemaNode } from '../../../src/config/schema/options.ts';

const text: SchemaNode = { type: 'string' };
const group: SchemaNode = { type: 'object', properties: { url: text } };
const schema = (store: SchemaNode): SchemaNode => ({ properties: { store, name: text } });
const variables = (store: SchemaNode) => optionsOf(schema(store)).map(({ variable }) => variable);

test('the variables are those of variables.txt', () => {
  const listed = readFileSync(join(import.meta.dirname, 'variables.txt'), 'utf8')
    .trimEnd()
    .split('\n');
  assert.deepEqual(
    options()
      .map(({ variable }) => variable)
      .sort(),
    listed,
    'a variable was added, renamed or removed: change variables.txt, and CHANGELOG.md with it',
  );
});

test('no two options share a variable', () => {
  const names = options().map(({ variable }) => variable);
  assert.deepEqual(names, [...new Set(names)]);
});

test('a literal beside groups of options is refused: the variables of the groups would vanish', () => {
  assert.deepEqual(variables({ anyOf: [group, group] }), ['BFF_STORE_URL', 'BFF_STORE_URL', 'BFF_NAME']);
  assert.throws(() => variables({ anyOf: [text, group] }), /cannot derive environment variables for store/);
});

test('a list of objects, a record and an unknown keyword are refused unless they are listed', () => {
  const list: SchemaNode = { type: 'array', items: group };
  for (const node of [list, { type: 'object' }, {}, { anyOf: [text, list] }]) {
    assert.throws(() => variables(node), /cannot derive environment variables for store/);
    assert.deepEqual(
      optionsOf(schema(node), ['store']).map(({ variable }) => variable),
      ['BFF_NAME'],
    );
  }
});

test('a listed path that the schema does not have is refused', () => {
  assert.throws(() => optionsOf(schema(group), ['stores']), /options that do not exist: stores/);
});

test('a union of text, numbers and booleans is one option', () => {
  assert.equal(optionsOf(schema({ anyOf: [text, { type: 'integer' }] }))[0]?.kind, 'scalar');
  assert.equal(optionsOf(schema({ anyOf: [text, { type: 'boolean' }] }))[0]?.kind, 'scalar');
  assert.equal(optionsOf(schema({ anyOf: [text, { type: 'array', items: text }] }))[0]?.kind, 'list');
});
