/** Reads the secrets that a configuration names; the text of a secret is in no message. */
import { resolve } from 'node:path';
import { decodeUtf8, type Files, readFailure } from './files.ts';
import type { SecretResolver } from './schema.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SecretSources {
  /** Folder that a relative path starts from. */
  baseDir: string;
  env: Environment;
  files: Files;
}

function fromFile(path: string, { baseDir, files }: SecretSources): string {
  let bytes: Uint8Array;
  try {
    bytes = files.read(resolve(baseDir, path));
  } catch (error) {
    throw new Error(`cannot read the secret file ${path}: ${readFailure(error)}`);
  }
  const text = decodeUtf8(bytes);
  if (text === undefined) throw new Error(`the secret file ${path} is not UTF-8 text`);
  // Editors and `echo` end a file with a newline that is no part of the secret.
  const secret = text.replace(/\r?\n$/, '');
  if (secret.trim() === '') throw new Error(`the secret file ${path} is empty`);
  return secret;
}

function fromVariable(name: string, env: Environment): string {
  const value = env[name];
  if (value === undefined) throw new Error(`the environment variable ${name} is not set`);
  if (value.trim() === '') throw new Error(`the environment variable ${name} is empty`);
  return value;
}

/** Builds the resolver that the schema asks for each named secret. */
export function secretResolver(sources: SecretSources): SecretResolver {
  return (ref) => ('file' in ref ? fromFile(ref.file, sources) : fromVariable(ref.env, sources.env));
}
