/** The check of a release: one version in every file that names it, a dated changelog, and the notes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { findReleaseFaults, releaseNotes } from '../../deploy/release/release.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
const { version } = JSON.parse(read('package.json')) as { version: string };

test('the files of this repository name one version, which the changelog dates', () => {
  assert.deepEqual(findReleaseFaults(`v${version}`, read), []);
  assert.match(releaseNotes(read('CHANGELOG.md'), version) ?? '', /^### Added/m);
});

test('each file that names another version is a fault', () => {
  const faults = findReleaseFaults('v99.0.0', read);
  assert.equal(faults.length, 6);
  assert.equal(faults[0], `package.json names ${version}, the tag 99.0.0`);
  assert.equal(faults.at(-1), 'CHANGELOG.md has no heading "## [99.0.0] - " with a date');
});

test('a tag that is not a version is a fault', () => {
  for (const tag of ['0.2.0', 'v0.2', 'v0.2.0-rc.1', 'latest'])
    assert.match(findReleaseFaults(tag, read).join(), /is not v, and a version/, tag);
});

test('the notes of a version are the text below its heading', () => {
  const changelog =
    '# Changelog\n\n## [Unreleased]\n\n## [2.0.0] - 2026-01-02\n\n### Added\n\n- b\n\n## [1.0.0] - 2025-01-02\n\n- a\n';
  assert.equal(releaseNotes(changelog, '2.0.0'), '### Added\n\n- b');
  assert.equal(releaseNotes(changelog, '1.0.0'), '- a');
  assert.equal(releaseNotes(changelog, '3.0.0'), undefined);
  assert.equal(releaseNotes(changelog.replace(' - 2026-01-02', ' - soon'), '2.0.0'), undefined);
});

test('the changelog has the form of Keep a Changelog', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^##+ (.+)$/gm)].map(([, heading = '']) => heading);
  assert.equal(headings[0], '[Unreleased]');
  for (const heading of headings)
    assert.match(
      heading,
      /^(\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}|Added|Changed|Deprecated|Removed|Fixed|Security)$/,
    );
});
