/** The page of limits against the schema: every option has its default there, and no limit is missing. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { jsonSchema, type SchemaNode } from '../../src/config/schema/options.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/limits.md'), 'utf8');

/** Limits of the page that are options: their names and default values. */
const rows = new Map(
  [...page.matchAll(/^\| `([^`]+)` \| ([^|]+) \|/gm)].map(([, name = '', value = '']) => [name, value.trim()]),
);

/** Every option below a node by its dotted path; entries of a list as `name[]`. */
function optionsOf(node: SchemaNode | undefined, prefix: string): [name: string, node: SchemaNode][] {
  return Object.entries(node?.properties ?? {}).flatMap(([name, child]) => {
    const path = `${prefix}${name}`;
    const below = [...optionsOf(child, `${path}.`), ...optionsOf(child.items, `${path}[].`)];
    return below.length > 0 ? below : [[path, child]];
  });
}

const options = new Map(optionsOf(jsonSchema(), ''));
/** Options that limit something, wherever they are: the page must list each of them. */
const LIMIT = /^limits\.|^routes\[\]\.(timeouts\.|connections$|max[A-Z]|websocketIdle)|^session\.max/;

test('every default on the page of limits is the default of the schema', () => {
  assert.ok(rows.size > 10);
  for (const [name, value] of rows) {
    const option = options.get(name);
    assert.ok(option, `${name} is not an option`);
    assert.equal(value, option.default === undefined ? 'none' : `\`${option.default}\``, name);
  }
});

test('every limit of the schema is on the page of limits', () => {
  const missing = [...options.keys()].filter((name) => LIMIT.test(name) && !rows.has(name));
  assert.deepEqual(missing, []);
});
