/** Refuses a front end whose folder holds private files of the gateway: it would serve them to everybody. */
import { realpathSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { signInProviders } from '../schema/providers.ts';
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
function privateFiles(config: Config): string[] {
  const { session, audit, listen } = config;
  const { store } = session;
  return [
    ...('sqlite' in store && store.sqlite.file !== ':memory:' ? [store.sqlite.file] : []),
    ...(audit.file === undefined ? [] : [audit.file]),
    ...signInProviders(config).flatMap(({ tls }) => (tls === undefined ? [] : [tls.key])),
    ...(listen.tls === undefined ? [] : [listen.tls, ...listen.tls.certificates].map(({ key }) => key)),
  ];
}

/** Whether a path is below a folder that is never served, whose name starts with a dot. */
const isHidden = (path: string) => path.split(sep).some((part) => part.startsWith('.') && part !== '.well-known');

/**
 * Creates the check of the front ends of several apps: none may hold a private file of any app. `files`: further private files,
 * such as those of secrets and the configuration itself.
 */
export function createServedFilesCheck(
  configs: readonly Config[],
  files: readonly string[],
): (config: Pick<Config, 'frontend'>) => Finding[] {
  const hasFolder = configs.some(({ frontend }) => frontend?.directory !== undefined);
  const all = hasFolder ? [...new Set([...configs.flatMap(privateFiles), ...files])] : [];
  const located = all.map((file) => ({ file, path: canonical(file) }));
  return function servedFileFindings({ frontend }) {
    if (frontend?.directory === undefined) return [];
    const folder = canonical(frontend.directory) + sep;
    return located
      .filter(({ path }) => path.startsWith(folder) && !isHidden(path.slice(folder.length)))
      .map(({ file }) => ({
        path: ['frontend', 'directory'],
        message: `this folder contains ${file}, which everybody could download`,
        hint: 'keep keys, secrets, the session store, the audit log and the configuration outside the front end',
      }));
  };
}
