/** The front end page and the pages for newcomers: complete client API, examples that compile, existing options and commands. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { COMMANDS } from '../../src/cli/commands.ts';
import { jsonSchema, options, type SchemaNode } from '../../src/config/schema/options.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const page = read('docs/front-end.md');
const project = mkdtempSync(join(tmpdir(), 'bff-docs-'));
after(() => rmSync(project, { recursive: true, force: true }));

/** The member names of an interface in the types of the client. */
function membersOf(name: string): string[] {
  const [, body = ''] =
    new RegExp(`export interface ${name} \\{\\n([\\s\\S]*?)\\n\\}`).exec(read('src/client/base/types.ts')) ?? [];
  return [...body.matchAll(/^ {2}(\w+)[?(<:]/gm)].map(([, member = '']) => member);
}

test('the page documents every function, option and event of the client', () => {
  for (const [name, minimum] of [
    ['Client', 9],
    ['ClientOptions', 4],
    ['ClientEvents', 4],
    ['LoginOptions', 8],
  ] as const) {
    const members = membersOf(name);
    assert.ok(members.length >= minimum, name);
    // Options of a sign-in are inside the row of `login`; all others have their own row.
    const row = name === 'LoginOptions' ? '^\\| `login\\(.*\\b' : '^\\| `';
    for (const member of members) assert.match(page, new RegExp(`${row}${member}\\b`, 'm'), `${name}.${member}`);
  }
});

test('every example of the page compiles against the client', () => {
  const blocks = [...page.matchAll(/```[jt]s\n([\s\S]*?)```/g)].map(([, code = '']) => code);
  assert.ok(blocks.length >= 5);
  for (const [index, code] of blocks.entries()) writeFileSync(join(project, `example-${index}.ts`), code);
  const client = [join(ROOT, 'src/client/client.ts')];
  const compilerOptions = {
    target: 'es2022',
    module: 'esnext',
    moduleResolution: 'bundler',
    strict: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    paths: {
      '/client.js': client,
      '/admin/client.js': client,
      'bff-gateway/client': client,
      'bff-gateway-client': client,
    },
  };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  try {
    execFileSync(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project], {
      encoding: 'utf8',
    });
  } catch (error) {
    assert.fail((error as { stdout: string }).stdout);
  }
});

/** Every path of the schema, including groups and list entries. */
function pathsOf(node: SchemaNode | undefined, parent: string): string[] {
  if (node === undefined) return [];
  return [node, ...(node.anyOf ?? [])].flatMap((part) => [
    ...Object.entries(part.properties ?? {}).flatMap(([name, child]) => {
      const path = parent === '' ? name : `${parent}.${name}`;
      return [path, ...pathsOf(child, path)];
    }),
    ...(part.items === undefined ? [] : pathsOf(part.items, `${parent}[]`)),
  ]);
}

test('every option of the gateway on the pages for newcomers exists', () => {
  const known = new Set([...pathsOf(jsonSchema(), ''), ...options().map(({ variable }) => variable)]);
  const sections = new Set(Object.keys(jsonSchema().properties ?? {}));
  let found = 0;
  for (const file of ['docs/faq.md', 'docs/front-end.md', ...globSync('docs/coming-from/*.md', { cwd: ROOT })]) {
    // The first column of a table belongs to the other product; another test checks code blocks.
    const text = read(file)
      .replaceAll(/```[\s\S]*?```/g, '')
      .replaceAll(/^\| [^|]*(?:\\\|[^|]*)*\|/gm, file.includes('coming-from') ? '|' : '$&');
    for (const [, named = ''] of text.matchAll(/`([A-Za-z_]+(?:\[\])?(?:\.[A-Za-z]+)+|BFF_[A-Z_]+)[:`]/g)) {
      const [section = ''] = named.split(/[.[]/);
      if (!sections.has(section) && !named.startsWith('BFF_')) continue;
      assert.ok(known.has(named), `${file}: ${named}`);
      found += 1;
    }
  }
  assert.ok(found > 60, `${found} options`);
});

test('every command of the gateway on the pages for newcomers exists', () => {
  const names = COMMANDS.map(({ name }) => name);
  const known = new Set(names.map((name) => name.split(' ')[0]));
  let found = 0;
  for (const file of ['docs/faq.md', ...globSync('docs/coming-from/*.md', { cwd: ROOT })]) {
    // Only code: in prose, words other than commands follow the name of the product.
    const code = (read(file).match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []).join('\n');
    for (const [, command = '', format = ''] of code.matchAll(/bff-gateway ([a-z]+) ?([a-z0-9-]*)/g)) {
      assert.ok(known.has(command), `${file}: ${command}`);
      if (command === 'import') assert.ok(names.includes(`import ${format}`), `${file}: ${format}`);
      found += 1;
    }
  }
  assert.ok(found >= 6, `${found} commands`);
});
