/** Re-executes Node with tuned V8 flags, under the same process id: the flags cannot be set in a running process. */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { MALLOC_SETTINGS, missingFlags, REEXEC_VARIABLE } from './process-settings.ts';

/** The major version of Node that is known to support the flags. */
const TESTED_NODE_VERSION = 24;

/**
 * Whether this Node accepts the flags. V8 does not guarantee them for the next version, and an unknown flag would end the
 * process, so an untested version is tried in a child process first.
 */
function supportsFlags(flags: readonly string[]): boolean {
  if (Number.parseInt(process.versions.node, 10) === TESTED_NODE_VERSION) return true;
  const { status } = spawnSync(process.execPath, [...flags, '--eval', ''], { stdio: 'ignore' });
  if (status !== 0)
    process.emitWarning(`this version of Node does not support ${flags.join(' ')}; the gateway uses more memory`);
  return status === 0;
}

/** Whether the process holds what `execve` would close: the channel to its parent, or a file that was passed open. */
const hasInheritedFds = () =>
  process.channel !== undefined || process.argv.some((arg) => /^\/(?:dev|proc\/self)\/fd\//.test(arg));

/** Replaces the process image by the same program with the missing flags. Returns if nothing is missing or it cannot be done. */
export function reexec(): void {
  const flags = missingFlags(process.execArgv, process.env.NODE_OPTIONS);
  // A worker has a channel to its parent, and inherits the parent's flags.
  if (flags.length === 0 || process.env[REEXEC_VARIABLE] === 'off' || hasInheritedFds()) return;
  const program = process.execPath;
  const args = [program, ...flags, ...process.execArgv, ...process.argv.slice(1)];
  try {
    // If `execve` fails, the process ends without an exception. A loader in place of Node would not understand the flags.
    accessSync(program, constants.X_OK);
    if (process.execve === undefined || !/^node/.test(basename(program)) || !supportsFlags(flags)) return;
    process.execve(program, args, { ...MALLOC_SETTINGS, ...process.env });
  } catch {
    // Windows and Node's permission model have no execve: the gateway serves with V8's own settings and more memory.
  }
}
