/** The few questions that the configuration asks of the file system, so that tests can answer them. */
import { readFileSync, statSync } from 'node:fs';

export interface Files {
  /** The content of a file; throws what the file system throws. */
  read(path: string): Uint8Array;
  kind(path: string): 'file' | 'directory' | 'missing';
}

/** The files of this machine. */
export const diskFiles: Files = {
  read: (path) => readFileSync(path),
  kind(path) {
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) return 'missing';
    return stats.isDirectory() ? 'directory' : 'file';
  },
};

const REASONS: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory, not a file',
  ENOTDIR: 'a part of the path is not a directory',
  ELOOP: 'too many symbolic links',
  ENAMETOOLONG: 'the path is too long',
};

/** Why a file could not be read, in words; never a piece of the file. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'unknown';
  return REASONS[code] ?? `it cannot be read (${code})`;
}

/** Text of a UTF-8 file without its byte order mark; undefined when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
