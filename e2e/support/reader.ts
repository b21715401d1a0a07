/** Runs the commands of a documentation page line by line, with adapted URLs and paths. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { launch, type Running } from './processes.ts';

const run = promisify(execFile);

export interface Block {
  language: string;
  text: string;
}

/** The code blocks of one section of a page, in order. */
export function blocksOf(page: string, heading: string): Block[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  assert.ok(section, `a section "${heading}"`);
  return [...section.matchAll(/```(\w+)\n([\s\S]*?)```/g)].map(([, language = '', text = '']) => ({ language, text }));
}

export interface Reader {
  /** Runs the lines of a block; returns the processes of lines that end with `&`, and of the last line if `stays` says so. */
  run(block: Block, stays: 'all end' | 'last stays'): Promise<Running[]>;
  /** Replaces texts of the page by their values in this test. */
  adapt(text: string): string;
}

export interface ReaderOptions {
  folder: string;
  /** Texts of the page and their replacements; an empty replacement skips a line. */
  replacements: ReadonlyMap<string, string>;
  /** Environment of the first line. */
  env: Record<string, string>;
}

/** Creates a reader in a folder; `export` lines apply to all later lines. */
export function createReader({ folder, replacements, env }: ReaderOptions): Reader {
  const exported: string[] = [];
  let started = 0;
  const adapt = (text: string) => [...replacements].reduce((result, [from, to]) => result.replaceAll(from, to), text);
  return {
    adapt,
    async run({ text }, stays) {
      const lines = adapt(text)
        .split('\n')
        .filter((line) => line.trim() !== '');
      const running: Running[] = [];
      for (const [index, line] of lines.entries()) {
        if (line.startsWith('export ')) {
          exported.push(line);
          continue;
        }
        const background = line.endsWith('&') && !line.endsWith('&&');
        const command = background ? line.slice(0, -1) : line;
        const script = (last: string) => [...exported, last].join('\n');
        if (background || (stays === 'last stays' && index === lines.length - 1)) {
          started += 1;
          const log = join(folder, `line-${started}.log`);
          // Replaces the shell by the process, so that signals reach it.
          const args = ['-euc', script(`exec env ${command}`)];
          running.push(launch({ command: 'sh', args, log, cwd: folder, env }));
        } else await run('sh', ['-euc', script(command)], { cwd: folder, env: { ...process.env, ...env } });
      }
      return running;
    },
  };
}
