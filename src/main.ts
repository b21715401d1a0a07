#!/usr/bin/env node
/** Begins: a gateway that is to serve calls gets V8 settings that suit it, which only a new process image can take. */

/**
 * A call makes garbage and leaves nothing. By its own settings V8 lets the heap grow to several times of what is in use
 * before it collects, and puts objects that outlived a moment of load among the lasting ones: hundreds of megabytes, and
 * pauses of 20 ms when they are collected in the end (docs/performance.md has both figures).
 */
const V8_FLAGS = ['--max-semi-space-size=24', '--heap-growing-percent=30', '--no-allocation-site-pretenuring'];
/** The C library would keep freed memory for each thread apart. */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2' };

/** The flags that nobody has set otherwise. */
function flagsToAdd(): string[] {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  const nameOf = (flag: string) => flag.replace(/^--(no-)?/, '').replace(/=.*/, '');
  return V8_FLAGS.filter((flag) => !given.includes(nameOf(flag)));
}

/** Becomes the same program with these flags, under the same process id; does nothing where that cannot be done. */
function beginAnew(flags: readonly string[]): void {
  const args = [process.execPath, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  try {
    process.execve?.(process.execPath, args, { ...ENVIRONMENT, ...process.env });
  } catch {
    // Not on Windows, and not under Node's permission model: it serves as well, with more memory.
  }
}

const flags = flagsToAdd();
// A process that another one talks to would lose the pipe; a worker has the flags of the process that started it.
if (process.argv[2] === 'start' && flags.length > 0 && process.channel === undefined) beginAnew(flags);
await import('./command.ts');
