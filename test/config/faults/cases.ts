/** The cases of `wrong-configurations.txt`: configurations as a person would write them wrongly, and what is printed for each. */
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { loadFile } from '../../../src/config/load/load.ts';
import { ConfigError } from '../../../src/config/validate/faults.ts';

export interface Case {
  readonly title: string;
  /** The parts of the case by their names: files, `env`, and `prints`. */
  readonly parts: ReadonlyMap<string, string>;
}

export const CASES_FILE = join(import.meta.dirname, 'wrong-configurations.txt');

/** The folder of the configuration, as the file of cases names it. */
const FOLDER = '/etc/bff';

/** Splits a text at the lines that start with a mark; the text before the first one is the preamble. */
function split(text: string, mark: string): { preamble: string; parts: [name: string, body: string][] } {
  const [preamble = '', ...parts] = `\n${text}`.split(`\n${mark} `);
  return {
    preamble: preamble.replace(/^\n/, ''),
    parts: parts.map((part) => {
      const end = part.indexOf('\n');
      return [part.slice(0, end), part.slice(end + 1)];
    }),
  };
}

/** Reads all cases. Each starts with `== title`, each of its parts with `-- name`; `base` is put before `gateway.yaml`. */
export function readCases(text = readFileSync(CASES_FILE, 'utf8')): { preamble: string; cases: Case[] } {
  const { preamble, parts } = split(text, '==');
  const cases = parts.map(([title, body]) => ({ title, parts: new Map(split(body, '--').parts) }));
  return { preamble, cases };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', s: ' ' };

/** The content of a file: \t and \s are a tab and a space, which an editor would change. */
const contentOf = (text: string) => text.replaceAll(/<(t|s)>/g, (_, name: string) => ESCAPES[name] ?? '');

function writeFiles(folder: string, { parts }: Case, base: string): void {
  for (const [name, text] of parts) {
    if (name === 'env' || name === 'prints') continue;
    const [kind = '', path = ''] = name.split(' ');
    const file = join(folder, path === '' ? kind : path);
    mkdirSync(dirname(file), { recursive: true });
    if (kind === 'folder') mkdirSync(file);
    else if (kind === 'bytes') writeFileSync(file, Buffer.from(text.trim(), 'hex'));
    else if (kind === 'zeros') writeFileSync(file, '0'.repeat(Number(text)));
    else writeFileSync(file, contentOf(text.replace(/^\.\.\.(\n|$)/, base)));
  }
}

const environmentOf = (text = ''): Record<string, string> =>
  Object.fromEntries(text.split('\n').flatMap((line) => (line === '' ? [] : [line.split(/=(.*)/s).slice(0, 2)])));

/** What is printed for a case. */
export function linesOf(wrong: Case, preamble: string): string {
  const base = preamble.split('\n...\n')[1] ?? '';
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'bff-wrong-')));
  const previous = process.cwd();
  process.chdir(folder);
  try {
    writeFiles(folder, wrong, base);
    const readFile = (path: string) => readFileSync(path, 'utf8');
    const { warnings } = loadFile({ file: 'gateway.yaml', env: environmentOf(wrong.parts.get('env')), readFile });
    return `accepted, with the warnings ${warnings.map(({ id }) => id).join(', ')}\n`;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return `${error.message.replaceAll(folder, FOLDER)}\n`;
  } finally {
    process.chdir(previous);
    rmSync(folder, { recursive: true });
  }
}

/** The text of the file of cases, with what is printed now. */
export function renderCases(): string {
  const { preamble, cases } = readCases();
  const rendered = cases.map(({ title, parts }) => {
    const written = [...parts].filter(([name]) => name !== 'prints');
    const bodies = written.map(([name, body]) => `-- ${name}\n${body.replace(/\n*$/, '\n')}`);
    return `== ${title}\n${bodies.join('')}-- prints\n${linesOf({ title, parts }, preamble)}`;
  });
  return [preamble.replace(/\n*$/, '\n'), ...rendered].join('\n');
}
