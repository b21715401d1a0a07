/** Fast test files load no module that can open a port, connection, process or browser. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fastFiles, processesFirst } from './fast.ts';
import { importsIn } from './imports.ts';

function folderOf(t: TestContext, files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), 'bff-fast-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(root, dirname(file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return root;
}

test('imports of values are found in all forms, imports of types are omitted', () => {
  const text = `import type { Server } from 'node:http';
import { type Socket, isIP } from 'node:net';
import { type A, type B } from './types.ts';
import {
  one,
  two as other,
} from './lines.ts';
import whole, { part } from './whole.ts';
import * as all from 'ws';
import './effect.ts';
export { three } from './again.ts';
export type { C } from './again-type.ts';
const text = 'import';
const late = await import('./late.ts');
`;
  assert.deepEqual(importsIn(text), [
    { specifier: 'node:net', names: ['isIP'] },
    { specifier: './lines.ts', names: ['one', 'two'] },
    { specifier: './whole.ts', names: ['*'] },
    { specifier: 'ws', names: ['*'] },
    { specifier: './effect.ts', names: ['*'] },
    { specifier: './again.ts', names: ['three'] },
    { specifier: './late.ts', names: ['*'] },
  ]);
});

const OPENING: Record<string, Record<string, string>> = {
  'a server': { 'test/a.test.ts': "import { createServer } from 'node:http';" },
  'the whole of node:net': { 'test/a.test.ts': "import net from 'node:net';" },
  'a process': { 'test/a.test.ts': "import { spawn } from 'node:child_process';" },
  'Redis through a helper': {
    'test/room/a.test.ts': "import { start } from '../support/redis.ts';",
    'test/support/redis.ts': "export { start } from './server.ts';",
    'test/support/server.ts': "import { Redis } from 'ioredis';",
  },
  'a browser by a dynamic import': {
    'test/a.test.ts': "const { launch } = await import('./support/browser.ts');",
    'test/support/browser.ts': "import { chromium } from 'playwright';",
  },
  'the server of the product': {
    'test/a.test.ts': "import { startServer } from '../src/server/server.ts';",
    'src/server/server.ts': "import { createServer } from 'node:http';",
  },
  'the workers of the product': {
    'test/a.test.ts': "import { run } from '../src/server/workers.ts';",
    'src/server/workers.ts': "import cluster from 'node:cluster';",
  },
};
for (const [name, files] of Object.entries(OPENING)) {
  test(`a file that loads ${name} is not fast`, (t) => {
    const root = folderOf(t, { ...files, 'test/quiet.test.ts': "import { isIP } from 'node:net';" });
    assert.deepEqual(fastFiles(root), ['test/quiet.test.ts']);
  });
}

const QUIET: Record<string, Record<string, string>> = {
  'types of a server': { 'test/a.test.ts': "import type { Server } from 'node:http';" },
  'a type of a helper that starts servers': {
    'test/a.test.ts': "import { type World } from './world.ts';",
    'test/world.ts': "import { createServer } from 'node:http';",
  },
  'a client of the product': {
    'test/a.test.ts': "import { open } from '../src/redis.ts';",
    'src/redis.ts': "import { Redis } from 'ioredis';",
  },
};
for (const [name, files] of Object.entries(QUIET)) {
  test(`a file that loads only ${name} is fast`, (t) => {
    assert.deepEqual(fastFiles(folderOf(t, files)), ['test/a.test.ts']);
  });
}

test('files that start processes, directly or through a helper, are first; the others keep their order', (t) => {
  const root = folderOf(t, {
    'test/a.test.ts': "import { isIP } from 'node:net';",
    'test/b.test.ts': "import { createServer } from 'node:http';",
    'test/c.test.ts': "import { start } from './support/redis.ts';",
    'test/d.test.ts': "import { spawn } from 'node:child_process';",
    'test/support/redis.ts': "import { spawn } from 'node:child_process';",
  });
  const files = ['a', 'b', 'c', 'd'].map((name) => `test/${name}.test.ts`);
  assert.deepEqual(
    processesFirst(root, files),
    ['c', 'd', 'a', 'b'].map((name) => `test/${name}.test.ts`),
  );
});

test('both kinds exist in this repository', () => {
  const fast = new Set(fastFiles(join(import.meta.dirname, '../..')));
  assert.ok(fast.size > 20, `${fast.size} files are fast`);
  assert.ok(fast.has('test/conventions.test.ts'));
  assert.ok(!fast.has('test/support/redis.test.ts'));
});

const FORBIDDEN: Record<string, string> = {
  'listens on a port': "(await import('node:http')).createServer().listen(0)",
  'opens a connection': "(await import('node:net')).connect(1)",
  'starts a process or thread': "(await import('node:child_process')).spawn('true')",
};
const inProcess = "(await import('node:child_process')).execFileSync('true')";
for (const [action, code] of [...Object.entries(FORBIDDEN), ['starts a process or thread', inProcess]]) {
  test(`a fast test that ${action} by ${code} fails, even if it catches the error`, () => {
    const args = ['--import', join(import.meta.dirname, 'start-nothing.ts'), '--input-type=module'];
    const { status, stdout } = spawnSync(
      process.execPath,
      [...args, '-e', `try { ${code} } catch (e) { console.log(e.message) }`],
      {
        encoding: 'utf8',
      },
    );
    assert.match(stdout, new RegExp(`a fast test ${action}`));
    assert.equal(status, 1);
  });
}
