#!/usr/bin/env node
/** Begins: a gateway that is to serve calls gets V8 settings that suit it, which only a new process image can take. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';

/**
 * A call makes garbage and leaves nothing. By its own settings V8 lets the heap grow to several times of what is in use
 * before it collects, and puts objects that outlived a moment of load among the lasting ones: hundreds of megabytes, and
 * pauses of 20 ms when they are collected in the end (docs/performance.md has both figures).
 */
const V8_FLAGS = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=30',
  '--no-allocation-site-pretenuring',
  // The quick compiler of two: what is called often goes through the other one all the same, and each leaves its memory.
  '--no-maglev',
  // So little is left to copy that threads which share the work cost more than they bring.
  '--no-parallel-scavenge',
];
/**
 * The C library would keep freed memory for each thread apart, and what the compilers free between what stays: half of
 * its heap. From the size of their pieces on, in bytes, memory is mapped, and given back when it is freed.
 */
const ENVIRONMENT = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '32768' };

/** The Node whose V8 is known to know them. */
const TRIED = 24;

/** The flags that nobody has set otherwise. */
function flagsToAdd(): string[] {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ').replaceAll('_', '-');
  const nameOf = (flag: string) => flag.replace(/^--(no-)?/, '').replace(/=.*/, '');
  return V8_FLAGS.filter((flag) => !given.includes(nameOf(flag)));
}

/** V8 promises no flag to the next Node, and one that is unknown would end the process: another Node is asked beforehand. */
function takes(flags: readonly string[]): boolean {
  if (Number.parseInt(process.versions.node, 10) === TRIED) return true;
  const { status } = spawnSync(process.execPath, [...flags, '--eval', ''], { stdio: 'ignore' });
  if (status !== 0) process.emitWarning(`this Node does not take ${flags.join(' ')}: the gateway needs more memory`);
  return status === 0;
}

/** What would be lost on the way: a pipe to the process that started this one, a file that was handed over open. */
const holdsDescriptors = () =>
  process.channel !== undefined || process.argv.some((word) => /^\/(?:dev|proc\/self)\/fd\//.test(word));

/** Becomes the same program with these flags, under the same process id; does nothing where that cannot be done. */
function beginAnew(flags: readonly string[]): void {
  const program = process.execPath;
  const args = [program, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  try {
    // A program that cannot be started would end the process, with nothing to catch; nor is a loader to be taken for Node.
    accessSync(program, constants.X_OK);
    if (process.execve === undefined || !/^node/.test(basename(program)) || !takes(flags)) return;
    process.execve(program, args, { ...ENVIRONMENT, ...process.env });
  } catch {
    // Not on Windows, and not under Node's permission model: it serves as well, with more memory.
  }
}

const flags = flagsToAdd();
// A worker has the flags of the process that started it.
if (process.argv[2] === 'start' && flags.length > 0 && !holdsDescriptors()) beginAnew(flags);
await import('./cli/command.ts');
