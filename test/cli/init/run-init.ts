/** Runs `bff-gateway init` in a folder of its own, without a terminal or at one. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { until } from '../../support/wait.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

export function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'bff-init-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

export interface Ended {
  code: number | null;
  out: string;
  err: string;
}

/** Runs a command to its end, without a terminal. */
export async function cli(folder: string, args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  const ended: Ended = { code: null, out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ended.out += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (ended.err += text));
  [ended.code] = (await once(child, 'close')) as [number | null];
  return ended;
}

export interface AtTerminal {
  child: ChildProcess;
  /** What the terminal has shown, with the line ends of a file. */
  shown(): string;
  /** Waits for a question, then types the answer. */
  answer(question: string, text: string): Promise<void>;
  type(text: string): void;
  ended(): Promise<number | null>;
}

/** Starts the command at a terminal, which the program `script` opens. */
export function atTerminal(t: TestContext, folder: string, args: readonly string[]): AtTerminal {
  const command = [process.execPath, MAIN, 'init', ...args].map((part) => `'${part}'`).join(' ');
  const child = spawn('script', ['-q', '-e', '-c', command, '/dev/null'], { cwd: folder, stdio: 'pipe' });
  t.after(() => child.kill('SIGKILL'));
  let shown = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  let answered = 0;
  const readable = () => stripVTControlCharacters(shown).replaceAll('\r', '');
  const type = (text: string) => void child.stdin.write(text);
  return {
    child,
    shown: readable,
    type,
    async answer(question, text) {
      const isAsked = () => readable().indexOf(question, answered) >= 0;
      await until(() => isAsked() || child.exitCode !== null, { what: `the question ${question}` });
      if (!isAsked()) throw new Error(`init ended before the question ${question}:\n${readable()}`);
      answered = readable().length;
      type(`${text}\r`);
    },
    async ended() {
      if (child.exitCode === null) await once(child, 'exit');
      return child.exitCode;
    },
  };
}

/** Whether git would ignore the file. */
export function isIgnored(folder: string, file: string): boolean {
  spawnSync('git', ['init', '-q'], { cwd: folder });
  return spawnSync('git', ['check-ignore', '-q', file], { cwd: folder }).status === 0;
}
