/** The V8 flags and environment variables of a process that serves requests (docs/decisions/0011-memory.md). */

/**
 * A request creates garbage and retains nothing. With its defaults V8 lets the heap grow to several times the size in use
 * before it collects, and moves objects that survive a burst of load to the old generation: hundreds of megabytes, and
 * pauses of 20 ms when they are collected (docs/performance.md).
 */
export const V8_FLAGS = [
  '--max-semi-space-size=8',
  '--heap-growing-percent=30',
  '--no-allocation-site-pretenuring',
  // Hot functions are compiled by the thorough compiler anyway, and each compiler leaves its memory behind.
  '--no-maglev',
  // With so little left to copy, several threads cost more than they save.
  '--no-parallel-scavenge',
] as const;

/**
 * By default glibc keeps freed memory for each thread, and cannot return what the compilers free because small allocations
 * lie above it: half of its heap. Allocations of the compilers' size, in bytes, are mapped and returned one by one.
 */
export const MALLOC_SETTINGS = { MALLOC_ARENA_MAX: '2', MALLOC_MMAP_THRESHOLD_: '32768' } as const;

/** Environment variable that switches re-execution off (`off`). It is read before the configuration. */
export const REEXEC_VARIABLE = 'BFF_TUNING_REEXEC';
export const REEXEC_VALUES: readonly string[] = ['on', 'off'];

/** The flags that neither the command line nor NODE_OPTIONS sets, to whatever value. */
export function missingFlags(execArgv: readonly string[], nodeOptions = ''): string[] {
  const present = [...execArgv, nodeOptions].join(' ').replaceAll('_', '-');
  const nameOf = (flag: string) => flag.replace(/^--(no-)?/, '').replace(/=.*/, '');
  return V8_FLAGS.filter((flag) => !present.includes(nameOf(flag)));
}
