/** Compares the tag of a release with the files that name the version, and prints its notes: `node deploy/release/release.ts v0.2.0`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(import.meta.dirname, '../..');

/** What names the version: a file, and the pattern of the lines in it. */
const NAMED: readonly (readonly [file: string, pattern: RegExp])[] = [
  ['package.json', /^ {2}"version": "(.+)"/m],
  ['packages/client/package.json', /^ {2}"version": "(.+)"/m],
  ['deploy/helm/bff-gateway/Chart.yaml', /^version: (.+)$/m],
  ['deploy/helm/bff-gateway/Chart.yaml', /^appVersion: "?([^"\n]+)"?$/m],
  ['deploy/kubernetes/kustomization.yaml', /\bnewTag: ([\d.]+)/],
];

/** The text of the changelog below the heading of a version; undefined without a dated heading. */
export function releaseNotes(changelog: string, version: string): string | undefined {
  const [, ...sections] = changelog.split(/^## /m);
  const section = sections.find((text) => text.startsWith(`[${version}] - `));
  const [heading = '', ...lines] = section?.split('\n') ?? [];
  return /^\[[\d.]+\] - \d{4}-\d{2}-\d{2}$/.test(heading) ? lines.join('\n').trim() : undefined;
}

/** What prevents the release of a tag, one line for each file. */
export function findReleaseFaults(tag: string, read: (file: string) => string): string[] {
  const version = tag.replace(/^v/, '');
  if (!/^v\d+\.\d+\.\d+$/.test(tag)) return [`the tag ${tag} is not v, and a version such as 1.2.3`];
  const faults = NAMED.flatMap(([file, pattern]) => {
    const [, named = 'no version'] = pattern.exec(read(file)) ?? [];
    return named === version ? [] : [`${file} names ${named}, the tag ${version}`];
  });
  const notes = releaseNotes(read('CHANGELOG.md'), version);
  return notes === undefined ? [...faults, `CHANGELOG.md has no heading "## [${version}] - " with a date`] : faults;
}

const [tag] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const faults = tag === undefined ? ['usage: node deploy/release/release.ts TAG'] : findReleaseFaults(tag, read);
  if (faults.length > 0) {
    console.error(faults.join('\n'));
    process.exitCode = 1;
  } else console.log(releaseNotes(read('CHANGELOG.md'), (tag ?? '').replace(/^v/, '')));
}
