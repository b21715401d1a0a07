/** Relative paths in a configuration file: they start at its folder. */
import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { isFreeName } from '../messages/value.ts';
import { formatPath, type Path } from '../validate/faults.ts';

/** A path that was found in the working directory, and not in the folder of the file. */
export interface MovedPath {
  readonly option: string;
  readonly path: string;
  /** The path in the folder of the file. */
  readonly expected: string;
}

/** What the warnings about files are made of. */
export interface FileNotes {
  readonly movedPaths: MovedPath[];
  /** Options that are written as text, although they hold a secret. */
  readonly writtenSecrets: string[];
}

export const createNotes = (): FileNotes => ({ movedPaths: [], writtenSecrets: [] });

/** Options whose value is the path of a file or folder, by their names below a group or list. */
const PATHS: readonly RegExp[] = [
  /(^|\.)(file|ca|upstreamCa)$/,
  /\.tls\.(certificates\[\d+\]\.)?(certificate|key)$/,
  /^listen\.(tls\.clientCa|redirect\.acmeChallenges)$/,
  /(^|\.)frontend\.directory$/,
  /(^|\.)pages\.(directory|logo)$/,
];

/** Whether an option is the path of a file or folder. */
export const isPathOption = (path: Path) => {
  const name = formatPath(path);
  return typeof path.at(-1) === 'string' && !isFreeName(path) && PATHS.some((pattern) => pattern.test(name));
};

const isRelative = (path: string) => path !== '' && path !== ':memory:' && !isAbsolute(path);

/**
 * Replaces the relative paths in the options of a file. A path that exists in the working directory alone, where
 * relative paths started in earlier versions, is kept and reported to `moved`.
 */
export function resolvePaths(options: unknown, file: string, moved: MovedPath[], at: Path = []): unknown {
  function resolved(path: string, option: Path): string {
    const expected = join(dirname(file), path);
    if (expected === normalize(path) || existsSync(expected) || !existsSync(path)) return expected;
    moved.push({ option: formatPath(option), path, expected });
    return path;
  }
  const walk = (value: unknown, path: Path): unknown => {
    if (typeof value === 'string') return isRelative(value) && isPathOption(path) ? resolved(value, path) : value;
    if (Array.isArray(value)) return value.map((item, index) => walk(item, [...path, index]));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, walk(item, [...path, name])]));
  };
  return walk(options, at);
}
