/** Copies the pages of the site into one folder, with links that lead to pages of the site or are plain text. */
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';

export const REPOSITORY = join(import.meta.dirname, '..');
const STAGED = join(import.meta.dirname, 'pages');

/** Pages beside docs/, by their path in the repository. The README is the start page; the list of pages becomes the sidebar. */
const FURTHER: Readonly<Record<string, string>> = {
  'README.md': 'index.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'report-a-vulnerability.md',
  'packages/client/README.md': 'front-end-package.md',
};
const LIST_OF_PAGES = 'docs/README.md';

/** The path of a repository file in the site; undefined for a file that is not part of it. */
function pathInSite(file: string): string | undefined {
  if (file === LIST_OF_PAGES) return 'index.md';
  return FURTHER[file] ?? (file.startsWith('docs/') ? file.slice('docs/'.length) : undefined);
}

/** The text of a page, with its relative links as they are from its place in the site. */
export function stagePage(file: string, text: string): string {
  const page = pathInSite(file) ?? file;
  const link = (whole: string, label: string, target: string) => {
    if (/^(?:[a-z]+:|#)/.test(target)) return whole;
    const [path = '', fragment] = target.split('#');
    const linked = posix.normalize(posix.join(posix.dirname(file), path));
    const inSite = pathInSite(linked);
    // The site has no source code: what a page cites is named.
    if (inSite === undefined) return label.includes('`') || label === linked ? label : `${label} (\`${linked}\`)`;
    const relative = posix.relative(posix.dirname(page), inSite);
    return `[${label}](./${relative}${fragment === undefined ? '' : `#${fragment}`})`;
  };
  return text.replaceAll(/(?<!!)\[([^\]]*)\]\(([^)\s]+)\)/g, link).replaceAll('](docs/images/', '](./images/');
}

/** Writes all pages, and returns their folder. */
export function stage(folder = STAGED): string {
  rmSync(folder, { recursive: true, force: true });
  cpSync(join(REPOSITORY, 'docs'), folder, { recursive: true });
  rmSync(join(folder, 'README.md'));
  // Files that pages link to keep their names.
  for (const name of globSync('*.{yaml,json}', { cwd: folder }))
    cpSync(join(folder, name), join(folder, 'public', name));
  const docs = readdirSync(join(REPOSITORY, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) =>
    posix.join('docs', name),
  );
  for (const file of [...docs, ...Object.keys(FURTHER)].filter(
    (name) => name.endsWith('.md') && name !== LIST_OF_PAGES,
  )) {
    const target = join(folder, pathInSite(file) ?? file);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, stagePage(file, readFileSync(join(REPOSITORY, file), 'utf8')));
  }
  return folder;
}
