/** Writes the files of `bff-gateway init`: all or none, and never over existing ones unless it is allowed. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { FILES } from './texts.ts';

export interface NewFile {
  readonly name: string;
  readonly text: string;
  /** Only its owner may read it. */
  readonly isSecret?: boolean;
}

const OWNER_ONLY = 0o600;

/** Throws an Error that names the files that exist. */
export function assertNew(names: readonly string[]): void {
  const existing = names.filter((name) => existsSync(name));
  if (existing.length === 0) return;
  const verb = existing.length === 1 ? 'exists' : 'exist';
  throw new Error(`${existing.join(', ')} ${verb} already; nothing was written. --force overwrites.`);
}

/** Writes files; `isForced` overwrites. */
export function writeFiles(files: readonly NewFile[], isForced: boolean): void {
  if (!isForced) assertNew(files.map(({ name }) => name));
  for (const { name, text, isSecret = false } of files) {
    // The mode first: for an existing file, the option of writeFileSync has no effect.
    if (isSecret && isForced && existsSync(name)) chmodSync(name, OWNER_ONLY);
    writeFileSync(name, text, { flag: isForced ? 'w' : 'wx', ...(isSecret ? { mode: OWNER_ONLY } : {}) });
  }
}

/** Adds the lines to `.gitignore` that it does not have; returns whether there were any. */
export function addIgnored(lines: readonly string[]): boolean {
  const text = existsSync(FILES.ignore) ? readFileSync(FILES.ignore, 'utf8') : '';
  const known = new Set(text.split(/\r?\n/).map((line) => line.trim().replace(/^\//, '')));
  const missing = lines.filter((line) => !known.has(line));
  if (missing.length === 0) return false;
  const start = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  writeFileSync(FILES.ignore, `${start}${missing.join('\n')}\n`);
  return true;
}
