/** Every command in docs/deployment.md refers to existing files and commands, and is covered by a test. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './dockerfile.ts';

/** The first words of each command on the page, and the test that covers it. */
const COVERED: Record<string, string> = {
  'npm ci': 'test/deploy/image.test.ts',
  'node dist/main.js': 'test/deploy/image.test.ts',
  install: 'test/deploy/systemd.test.ts',
  systemctl: 'test/deploy/systemd.test.ts',
  journalctl: 'test/deploy/systemd.test.ts',
  'docker build': 'test/deploy/image.test.ts',
  'docker run': 'test/deploy/image.test.ts',
  'docker compose': 'test/deploy/compose.test.ts',
  'kubectl create': 'test/deploy/kubernetes.test.ts',
  'kubectl apply': 'test/deploy/kubernetes.test.ts',
  'kubectl rollout': 'test/deploy/kubernetes.test.ts',
  'helm upgrade': 'test/deploy/kubernetes.test.ts',
};

const page = readFileSync(join(ROOT, 'docs/deployment.md'), 'utf8');
const commands = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, text = '']) =>
  text
    .replaceAll(/\\\n\s*/g, ' ')
    .trim()
    .split('\n'),
);

test('every command on the page is covered by a test, and every covered command is on the page', () => {
  const known = Object.keys(COVERED);
  assert.deepEqual(
    commands.filter((command) => !known.some((start) => command.startsWith(`${start} `))),
    [],
  );
  assert.deepEqual(
    known.filter((start) => !commands.some((command) => command.startsWith(`${start} `))),
    [],
  );
  for (const file of Object.values(COVERED)) assert.ok(existsSync(join(ROOT, file)), file);
});

test('every repository path in a command exists', () => {
  const paths = commands.flatMap((command) => command.split(/[\s=]/)).filter((word) => word.startsWith('deploy/'));
  assert.ok(paths.length >= 4);
  assert.deepEqual(
    paths.filter((path) => !existsSync(join(ROOT, path))),
    [],
  );
});

test('the secret has the keys that the pods read', () => {
  const created = [...page.matchAll(/--from-(?:literal|file)=([\w-]+)/g)].map(([, name = '']) => name);
  const config = readFileSync(join(ROOT, 'deploy/kubernetes/gateway.yaml'), 'utf8');
  const read = [...config.matchAll(/\/run\/secrets\/bff-gateway\/([\w-]+)/g)].map(([, name = '']) => name);
  assert.deepEqual(created.toSorted(), read.toSorted());
});
