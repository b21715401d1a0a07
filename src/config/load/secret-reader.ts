/** Reader of secrets that a configuration refers to, in files and environment variables. */
import { resolve } from 'node:path';
import { whyUnreadable } from '../../base/system/unreadable.ts';
import type { SecretRef, SecretResolver } from '../schema/schema.ts';
import { withoutLineEnd } from './text-value.ts';

export interface SecretSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a secret file; throws when it cannot be read. */
  readonly readFile: (path: string) => string;
}

function readSecret({ env, readFile }: SecretSources, ref: SecretRef): string {
  if ('env' in ref) {
    const value = withoutLineEnd(env[ref.env] ?? '');
    if (value === '') throw new Error(`the environment variable ${ref.env} is not set; set it, or use a file`);
    return value;
  }
  let text: string;
  try {
    text = readFile(ref.file);
  } catch (cause) {
    throw new Error(`this file cannot be read: ${whyUnreadable(ref.file, cause)}`, { cause });
  }
  const value = withoutLineEnd(text);
  if (value === '') throw new Error(`the file ${resolve(ref.file)} is empty; write the secret into it`);
  return value;
}

const refuseReferences: SecretResolver = () => {
  throw new Error('a configuration object must hold its secrets as text, not as references');
};

/** Creates the resolver of references, and the list of the files that it read. Without sources, a secret must be text. */
export function createSecretReader(sources: SecretSources | undefined): {
  resolve: SecretResolver;
  files: ReadonlySet<string>;
} {
  const files = new Set<string>();
  if (sources === undefined) return { resolve: refuseReferences, files };
  // Apps share files, which need to be read once only.
  const texts = new Map<string, string>();
  function readFile(path: string): string {
    const text = texts.get(path) ?? sources?.readFile(path) ?? '';
    texts.set(path, text);
    return text;
  }
  const resolve: SecretResolver = (ref) => {
    if ('file' in ref) files.add(ref.file);
    return readSecret({ env: sources.env, readFile }, ref);
  };
  return { resolve, files };
}
