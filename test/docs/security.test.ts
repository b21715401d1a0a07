/** The page of security requirements: no requirement is missing, and every test that it names exists. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/security.md');

/** ASVS 5.0: the levels of the requirements of each section, in the order of their numbers. */
const ASVS = {
  V3: { '3.1': '3', '3.2': '11', '3.3': '12223', '3.4': '1122223', '3.5': '1112233', '3.6': '3', '3.7': '22333' },
  V7: { '7.1': '222', '7.2': '1111', '7.3': '22', '7.4': '11222', '7.5': '223', '7.6': '22' },
  V9: { '9.1': '111', '9.2': '1222' },
  V10: {
    ...{ '10.1': '22', '10.2': '223', '10.3': '22223', '10.4': '1111122222233333' },
    ...{ '10.5': '22222', '10.6': '22', '10.7': '222' },
  },
};

/** Sections that contain a recommendation for a client, a server or an API. */
const SECTIONS = {
  'OAuth 2.0 for Browser-Based Applications': [
    ...['6.1', '6.1.1', '6.1.2.1', '6.1.2.2', '6.1.2.3', '6.1.2.4', '6.1.3.1', '6.1.3.2', '6.1.3.3', '6.1.3.3.1'],
    ...['6.1.3.3.2', '6.1.3.3.3', '6.1.3.4', '6.1.3.5', '6.1.3.6', '6.1.3.7', '6.1.4.1', '6.1.4.2'],
    ...['9.1', '9.2', '9.3', '9.4'],
  ],
  'RFC 9700': [
    ...['2.1', '2.1.1', '2.1.2', '2.2.1', '2.2.2', '2.3', '2.4', '2.5', '2.6', '4.1', '4.2', '4.3.1', '4.3.2', '4.4'],
    ...['4.5', '4.6', '4.7', '4.8', '4.9', '4.10', '4.11.1', '4.12', '4.13', '4.14', '4.15', '4.16', '4.17'],
  ],
};

interface Row {
  id: string;
  level: string;
  how: string;
  tests: string;
}

/** The rows of the table below the heading that starts with `heading`. */
function rowsOf(heading: string): Row[] {
  const [, section = ''] = page.split(new RegExp(`^## ${heading}.*$`, 'm'));
  const lines = section.split(/^## /m)[0]?.split('\n') ?? [];
  const cells = lines.filter((line) => line.startsWith('| ')).map((line) => line.slice(2, -2).split(' | '));
  return cells.slice(2).map(([id = '', level = '', , how = '', tests = '']) => ({ id, level, how, tests }));
}

const tables = [...Object.keys(ASVS).map((chapter) => `ASVS 5.0 ${chapter}:`), ...Object.keys(SECTIONS)];

/** The beginnings of tests and suites in a file, as written in its source. */
const titlesOf = (source: string) =>
  [...source.matchAll(/\b(?:test|describe)\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gs)].map(([, , title = '']) => title);

test('every test on the page of security requirements exists', () => {
  const links = [...page.matchAll(/\[([^\]]+)\]\(\.\.\/((?:test|e2e)\/[^)]+)\)/g)];
  assert.ok(links.length > 150);
  const missing = links.filter(([, name = '', file = '']) => !titlesOf(read(file)).some((t) => t.startsWith(name)));
  assert.deepEqual(
    missing.map(([link]) => link),
    [],
  );
});

for (const [chapter, sections] of Object.entries(ASVS)) {
  test(`ASVS ${chapter} is complete, with the level of each requirement`, () => {
    const expected = Object.entries(sections).flatMap(([section, levels]) =>
      [...levels].map((level, index) => `${section}.${index + 1} L${level}`),
    );
    assert.deepEqual(
      rowsOf(`ASVS 5.0 ${chapter}:`).map(({ id, level }) => `${id} L${level}`),
      expected,
    );
  });
}

for (const [heading, sections] of Object.entries(SECTIONS)) {
  test(`${heading}: no section is missing`, () => {
    const covered = new Set(rowsOf(heading).flatMap(({ id }) => id.replace(/ \(.*/, '').split(', ')));
    assert.deepEqual(
      sections.filter((section) => !covered.has(section)),
      [],
    );
  });
}

test('a requirement that the gateway meets names what holds it', () => {
  const rows = tables.flatMap(rowsOf);
  assert.ok(rows.length > 140);
  const open = rows.filter(
    ({ how, tests }) => tests === '' && !/\*\*(?:Application|Provider|Operator|Not met)/.test(how),
  );
  assert.deepEqual(open, []);
  for (const { id, how } of rows) assert.notEqual(how, '', id);
});

test('the summary names every requirement that is not met, or met in part', () => {
  for (const label of ['Not met', 'Met in part']) {
    const [, summary = ''] = new RegExp(`^- \\*\\*${label}\\*\\*: (.+)\\.$`, 'm').exec(page) ?? [];
    const named = summary.split(/; /).flatMap((list) => list.replace(/^(?:ASVS|RFC \d+) /, '').split(', '));
    const rows = tables.flatMap(rowsOf).filter(({ how }) => how.includes(`**${label}.**`));
    assert.deepEqual(named.toSorted(), rows.map(({ id }) => id.split(', ')[0]).toSorted(), label);
  }
});
