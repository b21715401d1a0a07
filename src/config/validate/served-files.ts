/** Refuses a front end whose folder holds private files of the gateway: it would serve them to everybody. */
import { realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import type { Config } from '../schema/schema.ts';
import type { Finding } from './faults.ts';

/** The absolute path without symbolic links, as far as the path exists. */
function canonical(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch {
    const parent = dirname(absolute);
    return parent === absolute ? absolute : join(canonical(parent), relative(parent, absolute));
  }
}

/** Files that only the gateway may read. */
function privateFiles({ session, audit, provider }: Config): string[] {
  const { store } = session;
  return [
    ...('sqlite' in store && store.sqlite.file !== ':memory:' ? [store.sqlite.file] : []),
    ...(audit.file === undefined ? [] : [audit.file]),
    ...(provider.tls === undefined ? [] : [provider.tls.key]),
  ];
}

/** Whether a path is below a folder that is never served, whose name starts with a dot. */
const isHidden = (path: string) => path.split(sep).some((part) => part.startsWith('.') && part !== '.well-known');

/** `files`: further private files, such as those of secrets and the configuration itself. */
export function servedFileFindings(config: Config, files: readonly string[]): Finding[] {
  const directory = config.frontend?.directory;
  if (directory === undefined) return [];
  const folder = canonical(directory) + sep;
  return [...new Set([...privateFiles(config), ...files])]
    .filter((file) => canonical(file).startsWith(folder) && !isHidden(canonical(file).slice(folder.length)))
    .map((file) => ({
      path: ['frontend', 'directory'],
      message: `this folder contains ${file}, which everybody could download`,
      hint: 'keep keys, secrets, the session store, the audit log and the configuration outside the front end',
    }));
}
