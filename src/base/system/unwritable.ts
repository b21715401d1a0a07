/** Why a file cannot be created or written, in words, and what to do. */

const NOT_ALLOWED =
  'cannot be written by the user of this process; allow it with chown or chmod, also for its folder, or set another path';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'cannot be created, since its folder does not exist; create the folder, or set another path',
  ENOTDIR: 'cannot be created, since a part of its path is a file; set another path',
  EISDIR: 'is a folder; set the path of a file',
  EACCES: NOT_ALLOWED,
  EPERM: NOT_ALLOWED,
  EROFS: 'is on a file system that is read-only; mount a volume for it, or set another path',
  ENOSPC: 'cannot be written, since its disk is full; free space, or set another path',
};

/** The reason by the code of the error, as a sentence about the file; undefined for other errors. */
export function whyUnwritable(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined;
  return Object.hasOwn(REASONS, error.code) ? REASONS[error.code] : undefined;
}
