/** Translates another product's configuration to a `gateway.yaml` and a line-by-line report. */
import { readApigee } from './apigee/apigee.ts';
import { readApim } from './apim/apim.ts';
import { type Draft, ImportError, type Note } from './draft/draft.ts';
import type { ImportFormat } from './formats.ts';
import { readKong } from './kong/kong.ts';
import { readOauth2Proxy } from './oauth2-proxy/oauth2-proxy.ts';
import { writeDraft } from './write.ts';

export interface ImportFiles {
  /** Returns the text of a file; throws when it cannot be read. */
  readFile: (path: string) => string;
  /** Returns the paths of all files below a folder, relative to it; throws when it cannot be read. */
  listFiles: (path: string) => readonly string[];
}

export interface ImportResult {
  /** The gateway's configuration. */
  yaml: string;
  /** How each line was translated, and which variables must be set before the gateway starts. */
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
    throw new ImportError('cannot read the file');
  }
}

function listBundle(path: string, listFiles: ImportFiles['listFiles']): readonly string[] {
  try {
    return listFiles(path);
  } catch {
    throw new ImportError('cannot read the folder');
  }
}

/** What each variable must hold, for the report. */
const VARIABLES: Record<string, string> = {
  API_AUDIENCE: 'the audience of access tokens; the source does not name it',
  GATEWAY_KEY: 'a new key for the gateway: bff-gateway keys new',
  OIDC_CLIENT_ID: 'the client ID for user sign-in',
  OIDC_CLIENT_SECRET: 'the client secret; it is never copied from the source',
  OIDC_ISSUER: 'the issuer URL of the provider; the source does not name it',
  OIDC_PRIVATE_KEY: 'the private key of the client',
  PUBLIC_URL: 'the origin that browsers use, such as https://shop.example.com',
  REDIS_URL: 'the Redis server for sessions; it is never copied from the source',
};

/** The names of all variables in the configuration, sorted. */
function referencedVariables(yaml: string): string[] {
  const names = [...yaml.matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)\}|\benv: ([A-Z][A-Z0-9_]*)/g)];
  return [...new Set(names.map(([, inline, secret]) => inline ?? secret ?? ''))].sort();
}

const bySourceLine = (a: Note, b: Note) => (a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1);

function renderReport(allNotes: readonly Note[], yaml: string): string {
  const notes = [...new Map(allNotes.map((note) => [JSON.stringify(note), note])).values()];
  const lines = [...notes]
    .sort(bySourceLine)
    .map(({ file, line, verdict, text }) => `${file}:${line}: ${verdict}: ${text}`);
  const count = (verdict: Note['verdict']) => notes.filter((note) => note.verdict === verdict).length;
  const summary = `${count('translated')} translated, ${count('approximated')} approximated, ${count('left out')} left out`;
  const variables = referencedVariables(yaml).map(
    (name) => `  ${name}: ${VARIABLES[name] ?? 'a value that the source refers to by name'}`,
  );
  return [...lines, summary, 'Set these variables before you start the gateway:', ...variables, ''].join('\n');
}

/**
 * Translates a configuration. `issuer` replaces the other product as issuer of the tokens that it issued itself. Throws
 * `ImportError` when the source cannot be parsed, or none of it can be translated.
 */
export function importFrom(format: ImportFormat, path: string, files: ImportFiles, issuer?: string): ImportResult {
  const readSource = READERS[format];
  let draft: Draft | undefined;
  try {
    draft = readSource(path, files, issuer);
    const { yaml, notes } = writeDraft(draft, `Imported from ${format}; see the report for each line.`);
    return { yaml, report: renderReport([...draft.notes, ...notes], yaml) };
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    const notes = (draft?.notes ?? []).map(({ file, line, verdict, text }) => `${file}:${line}: ${verdict}: ${text}\n`);
    throw new ImportError(`${notes.join('')}${path}: ${error.message}`);
  }
}
