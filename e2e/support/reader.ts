/** Runs the commands of a page line by line, as a reader types them, with other addresses than the page's. */
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
  /** Types the lines of a block; returns what was left running: lines that end with `&`, and the last if `stays` says so. */
  type(block: Block, stays: 'all end' | 'last stays'): Promise<Running[]>;
  /** Replaces what the page says by what is true here; fails when it is not there. */
  adapt(text: string): string;
}

export interface ReaderOptions {
  folder: string;
  /** Text of the page, and what stands for it here. Empty: this line is done already. */
  instead: ReadonlyMap<string, string>;
  /** What the reader's shell knows before the first line. */
  env: Record<string, string>;
}

/** A reader in a folder, whose `export` lines count for the lines after them. */
export function createReader({ folder, instead, env }: ReaderOptions): Reader {
  const exported: string[] = [];
  let started = 0;
  const adapt = (text: string) => [...instead].reduce((so, [from, to]) => so.replaceAll(from, to), text);
  return {
    adapt,
    async type({ text }, stays) {
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
          // The process itself in place of the shell, so that its end is the end.
          const args = ['-euc', script(`exec env ${command}`)];
          running.push(launch({ command: 'sh', args, log, cwd: folder, env }));
        } else await run('sh', ['-euc', script(command)], { cwd: folder, env: { ...process.env, ...env } });
      }
      return running;
    },
  };
}
