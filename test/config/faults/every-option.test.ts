/** Every option of the schema with values of a wrong type: each fault is one line with the option, what is wrong and what to write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stringify } from 'yaml';
import { loadConfig } from '../../../src/config/load/load.ts';
import { jsonSchema, type SchemaNode } from '../../../src/config/schema/options.ts';
import { ConfigError, formatFault } from '../../../src/config/validate/faults.ts';

type Path = readonly (string | number)[];
type Tree = Record<string | number, unknown>;

const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';

/** A valid configuration with an entry in each list of objects. */
const base = (): Tree => ({
  publicUrl: 'https://shop.example.com',
  secrets: { keys: [{ id: 'k1', value: KEY }] },
  provider: { issuer: 'https://id.example.com', clientId: 'shop', clientSecret: 's3cret' },
  routes: [{ path: '/api/**', upstream: 'https://api.example.com', rules: [{ token: 'user' }] }],
});

/** Every path of the schema, with 0 for an entry of a list and `x` for a name of a record. */
function pathsOf(node: SchemaNode, at: Path = []): Path[] {
  if (node.$ref !== undefined) return [];
  const { properties = {}, items, anyOf = [], additionalProperties: record } = node;
  return [
    at,
    ...Object.entries(properties).flatMap(([name, child]) => pathsOf(child, [...at, name])),
    ...(items ? pathsOf(items, [...at, 0]) : []),
    ...(typeof record === 'object' && record !== null ? pathsOf(record, [...at, 'x']) : []),
    ...anyOf.flatMap((branch) => pathsOf(branch, at).filter((path) => path.length > at.length)),
  ];
}

/** The input with a value at a path; groups and lists above it are made. */
function withValue(input: unknown, [first, ...rest]: Path, value: unknown): unknown {
  if (first === undefined) return value;
  const empty: Tree | unknown[] = typeof first === 'number' ? [] : {};
  const isFit = typeof input === 'object' && input !== null && Array.isArray(input) === Array.isArray(empty);
  const copy = (isFit ? structuredClone(input) : empty) as Tree;
  copy[first] = withValue(copy[first], rest, value);
  return copy;
}

const WRONG: readonly unknown[] = [
  5,
  -1.5,
  1e12,
  true,
  'nonsense value',
  '',
  null,
  [],
  [[]],
  ['', 5, null],
  {},
  { unknownName: 1 },
  [{ unknownName: 1 }],
];

/** Words of the validators, and values that no person writes. */
const RAW =
  /Invalid (input|option|key|element|string|value)|Too (small|big)|Unrecognized|received|expected (string|number|array|object|boolean|record|int)\b|undefined|NaN|\[object|must match pattern|too_|invalid_/;
const HINT = /; .*\b(write|remove|did you mean|belongs|valid options|option of|set|use|create|add)\b|: write /;

function linesOf(input: unknown): string[] {
  try {
    loadConfig({ file: 'gateway.yaml', text: stringify(input), env: {}, readFile: () => KEY, listFiles: () => [] });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(formatFault);
    throw error;
  }
}

const PATHS = [...new Set(pathsOf(jsonSchema()).map((path) => JSON.stringify(path)))]
  .map((text): Path => JSON.parse(text))
  .filter(({ length }) => length > 0);

/** The input with a value at every path of a length, so that one run reports them all. */
const withValues = (length: number, value: unknown) =>
  PATHS.filter((path) => path.length === length).reduce(
    (input, path) => withValue(input, path, value),
    base() as unknown,
  );

const DEPTHS = [...new Set(PATHS.map(({ length }) => length))];

function assertPlain(lines: readonly string[]): void {
  const bad = lines.filter(
    (line) =>
      RAW.test(line) || !/^gateway\.yaml:\d+:\d+: [A-Za-z]/.test(line) || !HINT.test(line) || line.includes('\n'),
  );
  assert.deepEqual(bad, []);
}

test('no fault of any option has the text of the validator, and each says what to write', () => {
  assert.ok(PATHS.length > 250);
  for (const value of WRONG) for (const depth of DEPTHS) assertPlain(linesOf(withValues(depth, value)));
  // Checks of several options run only where each option is valid by itself.
  for (const [index, path] of PATHS.entries())
    assertPlain(linesOf(withValue(base(), path, WRONG[index % WRONG.length])));
});

test('a value of a wrong type is a fault of the option, or of the group that it is in', () => {
  for (const path of PATHS) {
    const lines = linesOf(withValue(base(), path, [[[]]]));
    const name = String(path.findLast((part) => typeof part === 'string' && part !== 'x'));
    assert.ok(
      lines.some((line) => line.includes(`: ${path[0]}`) && line.includes(name)),
      `${path.join('.')}: ${lines.join()}`,
    );
  }
});
