/** The workflows of the repository: actionlint, pinned actions, least permissions, and commands that exist. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const ROOT = join(import.meta.dirname, '../..');
const ACTIONLINT = join(ROOT, '.cache/bin/actionlint');
const files = globSync('.github/workflows/*.yml', { cwd: ROOT }).sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  uses?: string;
  steps?: Step[];
  permissions?: Record<string, string>;
  'timeout-minutes'?: number;
}
interface Workflow {
  permissions: Record<string, string>;
  concurrency?: { group: string };
  jobs: Record<string, Job>;
}
const workflowOf = (file: string) => parse(read(file)) as Workflow;
const jobsOf = (file: string) => Object.entries(workflowOf(file).jobs);
const steps = files.flatMap((file) => jobsOf(file).flatMap(([, job]) => job.steps ?? []));

/** Neither depends on what else the machine has. */
const QUIET = ['-shellcheck=', '-pyflakes=', '-no-color'];

test('actionlint accepts every workflow', () => {
  assert.deepEqual(
    files,
    ['ci', 'docs', 'release'].map((name) => `.github/workflows/${name}.yml`),
  );
  const { status, stdout } = spawnSync(ACTIONLINT, [...QUIET, ...files], { cwd: ROOT, encoding: 'utf8' });
  assert.equal(stdout, '');
  assert.equal(status, 0);
});

test('actionlint finds a fault', () => {
  const input = read('.github/workflows/ci.yml').replace('timeout-minutes', 'timeout-minute');
  const { status, stdout } = spawnSync(ACTIONLINT, [...QUIET, '-'], { cwd: ROOT, encoding: 'utf8', input });
  assert.equal(status, 1);
  assert.match(stdout, /unexpected key "timeout-minute"/);
});

test('every action is pinned by its commit, with the version beside it', () => {
  const uses = files.flatMap((file) => [...read(file).matchAll(/\buses: (.+)$/gm)].map(([, text = '']) => text));
  assert.ok(uses.length > 10);
  for (const text of uses)
    assert.match(text, /^(\.\/\.github\/workflows\/\w+\.yml|[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$/);
  const versions = new Set(uses.filter((text) => text.includes('@')));
  const names = [...versions].map((text) => text.replace(/@.*/, ''));
  assert.equal(new Set(names).size, names.length, 'one version of each action');
});

test('jobs may only read, except where they publish, and end on their own', () => {
  for (const file of files) {
    assert.deepEqual(workflowOf(file).permissions, { contents: 'read' }, file);
    assert.ok(workflowOf(file).concurrency?.group, file);
    for (const [name, job] of jobsOf(file)) assert.ok(job.uses ?? job['timeout-minutes'], `${file}: ${name}`);
  }
  const writing = files.flatMap((file) =>
    jobsOf(file).flatMap(([name, { permissions = {} }]) =>
      Object.entries(permissions)
        .filter(([, access]) => access === 'write')
        .map(([scope]) => `${name} ${scope}`),
    ),
  );
  assert.deepEqual(writing, [
    'publish pages',
    'publish id-token',
    'npm id-token',
    'image packages',
    'image id-token',
    'chart packages',
    'chart id-token',
    'notes contents',
  ]);
});

test('no step stores a credential in the checkout, and no secret is used but the token of the run', () => {
  for (const { uses = '', with: options } of steps)
    if (uses.startsWith('actions/checkout@')) assert.equal(options?.['persist-credentials'], false);
  for (const file of files)
    for (const [, secret] of read(file).matchAll(/secrets\.(\w+)/g)) assert.equal(secret, 'GITHUB_TOKEN', file);
});

test('no expression is inside of a script, where its value would be part of the program', () => {
  for (const { run = '' } of steps) assert.doesNotMatch(run, /\$\{\{/);
});

test('the scripts use files and npm scripts that exist', () => {
  const text = steps.map(({ run = '' }) => run).join('\n');
  const paths = [...text.matchAll(/(?:^|[\s'"])((?:deploy|packages|\.ci)\/[\w./-]+)/gm)].map(([, path = '']) => path);
  assert.ok(paths.length >= 4);
  for (const path of paths) assert.ok(existsSync(join(ROOT, path)), path);
  const { scripts } = JSON.parse(read('site/package.json')) as { scripts: Record<string, string> };
  assert.ok(scripts.build);
  assert.ok(statSync(join(ROOT, '.ci/run')).mode & 0o100, 'executable');
});

test('the issue forms are valid, and lead vulnerabilities elsewhere', () => {
  for (const file of globSync('.github/ISSUE_TEMPLATE/*.yml', { cwd: ROOT })) {
    const form = parse(read(file)) as { name?: string; description?: string; body?: { type: string; id?: string }[] };
    if (file.endsWith('config.yml')) continue;
    assert.ok(form.name && form.description, file);
    const ids = (form.body ?? []).flatMap(({ id }) => id ?? []);
    assert.equal(new Set(ids).size, ids.length, file);
    for (const { type, id } of form.body ?? [])
      assert.ok(type === 'markdown' || (['textarea', 'input', 'dropdown', 'checkboxes'].includes(type) && id), file);
  }
  assert.match(read('.github/ISSUE_TEMPLATE/bug.yml'), /SECURITY\.md/);
});
