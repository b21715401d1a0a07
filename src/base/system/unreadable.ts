/** Why a file cannot be read, in words: what is at its absolute path, and what to do. */
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

const codeOf = (error: unknown) =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const userName = () => (typeof process.getuid === 'function' ? `user ${process.getuid()}` : 'the user of this process');

const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** What is wrong with a path that does not exist. */
function missing(path: string): string {
  const folder = dirname(path);
  return isFolder(folder)
    ? `${path} does not exist; create it, or correct the path`
    : `${path} does not exist, nor does its folder; create it, or correct the path`;
}

const REASONS: Readonly<Record<string, (path: string) => string>> = {
  ENOENT: missing,
  ENOTDIR: (path) => `${path} does not exist, since a part of the path is a file; correct the path`,
  EISDIR: (path) => `${path} is a folder; write the path of a file`,
  EACCES: (path) => `${userName()} may not read ${path}; allow it with chown or chmod`,
  EPERM: (path) => `${userName()} may not read ${path}; allow it with chown or chmod`,
  ELOOP: (path) => `the symbolic links of ${path} lead in a circle; correct them`,
  EMFILE: () => 'the process has too many open files; raise its limit (ulimit -n)',
  ERR_STRING_TOO_LONG: (path) => `${path} is too large; correct the path`,
  ERR_FS_FILE_TOO_LARGE: (path) => `${path} is too large; correct the path`,
};

/** The reason why a file cannot be read, with its absolute path, and what to do. */
export function whyUnreadable(path: string, error: unknown): string {
  const absolute = resolve(path);
  const code = codeOf(error);
  const reason = Object.hasOwn(REASONS, code) ? REASONS[code] : undefined;
  if (reason) return reason(absolute);
  return `the system reports ${code === '' ? 'an error' : code} for ${absolute}; check the path`;
}

/** Longest text that is read as a configuration or a secret. */
const MAX_LENGTH = 16 * 1024 * 1024;

/** The reason why the content of a file is no text that can be used; undefined if it is. */
export function whyUnusable(path: string, text: string): string | undefined {
  const absolute = resolve(path);
  if (text.length > MAX_LENGTH) return `${absolute} is larger than 16 MiB; correct the path`;
  if (/^(\uFFFD\uFFFD|.\0|\0.)/s.test(text)) return `${absolute} is UTF-16, as PowerShell writes it; save it as UTF-8`;
  return text.includes('\0') || text.includes('\uFFFD') ? `${absolute} is not UTF-8; save it as UTF-8` : undefined;
}

/** Reads a file that an option names. Throws an Error with the option, the reason and what to do. */
export function readOptionFile(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new Error(`${option}: this file cannot be read: ${whyUnreadable(path, cause)}`, { cause });
  }
}
