/** `bff-gateway import`: another product's configuration becomes a `gateway.yaml` and a report on every line of it. */
import { readApigee } from './apigee/apigee.ts';
import { readApim } from './apim/apim.ts';
import { type Draft, ImportError, type Note } from './draft/draft.ts';
import type { ImportFormat } from './formats.ts';
import { readKong } from './kong/kong.ts';
import { readOauth2Proxy } from './oauth2-proxy/oauth2-proxy.ts';
import { writeDraft } from './write.ts';

export interface ImportFiles {
  /** Text of a file; throws when it cannot be read. */
  readFile: (path: string) => string;
  /** Paths of the files below a folder, from that folder; throws when it cannot be read. */
  listFiles: (path: string) => readonly string[];
}

export interface ImportResult {
  /** The configuration. */
  yaml: string;
  /** What became of each line, and what has to be set before the start. */
  report: string;
}

type Reader = (path: string, files: ImportFiles, issuer: string | undefined) => Draft;

const singleFile =
  (read: (file: string, text: string) => Draft): Reader =>
  (path, { readFile }) =>
    read(path, readText(path, readFile));

const READERS: Record<ImportFormat, Reader> = {
  kong: singleFile(readKong),
  apim: singleFile(readApim),
  apigee: (path, { readFile, listFiles }, issuer) =>
    readApigee(listBundle(path, listFiles), (name) => readText(`${path}/${name}`, readFile), issuer),
  'oauth2-proxy': singleFile(readOauth2Proxy),
};

function readText(path: string, readFile: ImportFiles['readFile']): string {
  try {
    return readFile(path);
  } catch {
    throw new ImportError('this file cannot be read');
  }
}

function listBundle(path: string, listFiles: ImportFiles['listFiles']): readonly string[] {
  try {
    return listFiles(path);
  } catch {
    throw new ImportError('this folder cannot be read');
  }
}

const VARIABLES: Record<string, string> = {
  API_AUDIENCE: 'what access tokens must be meant for; the source does not say',
  GATEWAY_KEY: 'a new key of the gateway: bff-gateway keys new',
  OIDC_CLIENT_ID: 'the client that people sign in with',
  OIDC_CLIENT_SECRET: 'its secret, never copied from the source',
  OIDC_ISSUER: 'the provider; the source names none',
  OIDC_PRIVATE_KEY: 'the key of the client',
  PUBLIC_URL: 'the origin that browsers see, such as https://shop.example.com',
  REDIS_URL: 'the Redis server of the sessions, never copied from the source',
};

/** Every variable that the configuration refers to. */
function referencedVariables(yaml: string): string[] {
  const names = [...yaml.matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)\}|\benv: ([A-Z][A-Z0-9_]*)/g)];
  return [...new Set(names.map(([, inText, secret]) => inText ?? secret ?? ''))].sort();
}

const bySourceLine = (a: Note, b: Note) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1);

function renderReport(all: readonly Note[], yaml: string): string {
  const notes = [...new Map(all.map((note) => [JSON.stringify(note), note])).values()];
  const lines = [...notes]
    .sort(bySourceLine)
    .map(({ file, line, verdict, text }) => `${file}:${line}: ${verdict}: ${text}`);
  const count = (verdict: Note['verdict']) => notes.filter((note) => note.verdict === verdict).length;
  const sum = `${count('translated')} translated, ${count('approximated')} approximated, ${count('left out')} left out`;
  const needed = referencedVariables(yaml).map(
    (name) => `  ${name}: ${VARIABLES[name] ?? 'a named value of the source'}`,
  );
  return [...lines, sum, 'Set these before the start:', ...needed, ''].join('\n');
}

/**
 * Reads a source and writes the configuration. Throws `ImportFault` when it cannot be understood, or nothing is left of
 * it. `issuer` is whose tokens take the place of those that the other product made itself.
 */
export function importFrom(format: ImportFormat, path: string, files: ImportFiles, issuer?: string): ImportResult {
  const read = READERS[format];
  let draft: Draft | undefined;
  try {
    draft = read(path, files, issuer);
    const { yaml, notes } = writeDraft(draft, `Imported from ${format}; see the report for what each line became.`);
    return { yaml, report: renderReport([...draft.notes, ...notes], yaml) };
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const notes = (draft?.notes ?? []).map(({ file, line, verdict, text }) => `${file}:${line}: ${verdict}: ${text}\n`);
    throw new ImportError(`${notes.join('')}${path}: ${error.message}`);
  }
}
