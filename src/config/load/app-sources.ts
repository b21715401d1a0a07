/** Reads the apps of a configuration as they are written: entries of `apps`, and the files of the folder `appsFrom`. */
import { basename, dirname, extname, isAbsolute, join } from 'node:path';
import { whyUnreadable, whyUnusable } from '../../base/system/unreadable.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { Options } from '../apps/merge.ts';
import { PARSING } from '../messages/issue-text.ts';
import { writtenSecrets } from '../messages/written-secrets.ts';
import { appEntry, appLists, FILE_OPTIONS } from '../schema/app-options.ts';
import { ConfigError, type Fault, type Finding, formatPath, type Path } from '../validate/faults.ts';
import { lostNames } from '../validate/lost-names.ts';
import { findingsOf } from './findings.ts';
import { interpolate } from './interpolate.ts';
import { type FileNotes, resolvePaths } from './paths.ts';
import type { SecretSources } from './secret-reader.ts';
import { parseYaml } from './yaml-source.ts';

/** The place of an option: its position in a file, or the variable that set it, and its dotted path there. */
export type Place = Omit<Fault, 'message' | 'hint'>;

/** An app as written, before it is merged. */
export interface AppSource {
  readonly id: string;
  readonly path: string;
  /** Its options without `id` and `path`. */
  readonly options: Options;
  /** Whether it has a file of its own. */
  readonly isFile: boolean;
  readonly findings: readonly Finding[];
  /** Faults of a file that cannot be read at all. */
  readonly faults: readonly Fault[];
  /** The place of an option, by its path in the app. */
  placeOf(path: Path): Place;
}

export interface AppSources {
  readonly apps: readonly AppSource[];
  /** Variables to which the apps refer. */
  readonly referenced: ReadonlySet<string>;
  /** Files of apps. */
  readonly files: readonly string[];
  /** The folder of these files. */
  readonly folder: string | undefined;
  /** The option that should have added an app. */
  readonly list: (typeof FILE_OPTIONS)[number];
  /** Findings about the lists themselves. */
  readonly findings: readonly Finding[];
}

/** What the apps are read with. */
export interface AppReader extends SecretSources {
  /** The configuration file; undefined for an object. */
  readonly file: string | undefined;
  /** Returns the names of the files in a folder; throws when it cannot be read. */
  readonly listFiles: (folder: string) => readonly string[];
  /** Receives what the files show beside their options. */
  readonly notes: FileNotes;
}

type Written = Pick<AppSource, 'isFile' | 'placeOf'> & { id: unknown; value: unknown; findings: Finding[] };

const textOr = (value: unknown) => (typeof value === 'string' ? value : '');

/** The source of an app from what is written; its identifier and path are checked by the schema of an entry. */
function sourceOf({ id, value, findings, ...rest }: Written): AppSource {
  if (!isRecord(value))
    return {
      ...rest,
      id: textOr(id),
      path: '',
      options: {},
      faults: [
        {
          ...rest.placeOf([]),
          message: 'this entry is not an app',
          hint: 'write its options: an id, a publicUrl, and any option of an app',
        },
      ],
      findings: [],
    };
  const { id: _id, path, ...options } = value;
  const parsed = appEntry.safeParse({ id, path }, PARSING);
  const invalid = parsed.success ? [] : parsed.error.issues.flatMap((issue) => findingsOf(issue));
  return {
    ...rest,
    id: textOr(id),
    path: parsed.data?.path ?? '',
    options,
    faults: [],
    findings: [...findings, ...invalid, ...lostNames(value, value)],
  };
}

const FILE_ID: Finding = { path: ['id'], message: 'the name of the file is the id', hint: 'remove this line' };

/** The app in a file of its own. */
function readAppFile(file: string, { env, readFile, notes }: AppReader, referenced: Set<string>): AppSource {
  const id = basename(file, extname(file));
  const place = { file, line: 1, path: '' };
  const unreadable = (reason: string): Fault => ({ ...place, message: `this file cannot be read: ${reason}` });
  const unread = { id, path: '', options: {}, isFile: true, findings: [], placeOf: () => place };
  try {
    const text = readFile(file);
    const fault = whyUnusable(file, text);
    if (fault !== undefined) return { ...unread, faults: [unreadable(fault)] };
    const yaml = parseYaml(file, text);
    const { value: written, findings, ...names } = interpolate(yaml.value, env);
    const value = resolvePaths(written, file, notes.movedPaths);
    notes.writtenSecrets.push(...writtenSecrets(yaml.value).map((option) => `${option} in ${basename(file)}`));
    for (const name of names.referenced) referenced.add(name);
    if (isRecord(value) && value.id !== undefined) findings.push(FILE_ID);
    const placeOf = (path: Path) => ({ file, ...yaml.positionOf(path), path: formatPath(path) });
    return sourceOf({ id, value, findings, isFile: true, placeOf });
  } catch (error) {
    const faults = error instanceof ConfigError ? error.faults : [unreadable(whyUnreadable(file, error))];
    return { ...unread, faults };
  }
}

/** The folder, relative to the configuration file. */
const resolveFolder = (folder: string, { file }: AppReader) =>
  isAbsolute(folder) || file === undefined ? folder : join(dirname(file), folder);

/** The files of apps in a folder, sorted; the fault if it cannot be read. */
function appFiles(path: string, { listFiles }: AppReader): string[] | Omit<Finding, 'path'> {
  try {
    return listFiles(path)
      .filter((name) => /^[^./\\][^/\\]*\.ya?ml$/.test(name))
      .sort()
      .map((name) => join(path, name));
  } catch (error) {
    return { message: `this folder cannot be read: ${whyUnreadable(path, error)}` };
  }
}

/** Replaces references in a value of the configuration file; those in an object of a program are none. */
function createInterpolator({ file, env, notes }: AppReader, referenced: Set<string>) {
  return function interpolated(value: unknown): { value: unknown; findings: Finding[] } {
    if (file === undefined) return { value, findings: [] };
    const { referenced: names, ...result } = interpolate(value, env);
    for (const name of names) referenced.add(name);
    return { ...result, value: resolvePaths(result.value, file, notes.movedPaths) };
  };
}

/** Reads all apps; `placeOf` finds options of the file itself. */
export function readApps(input: unknown, reader: AppReader, placeOf: (path: Path) => Place): AppSources {
  const lists = isRecord(input) ? Object.fromEntries(FILE_OPTIONS.map((name) => [name, input[name]])) : {};
  const referenced = new Set<string>();
  const interpolated = createInterpolator(reader, referenced);
  const inline = (Array.isArray(lists.apps) ? (lists.apps as unknown[]) : []).map((entry, index) => {
    const { value, findings } = interpolated(entry);
    const id = isRecord(value) ? value.id : undefined;
    return sourceOf({ id, value, findings, isFile: false, placeOf: (path) => placeOf(['apps', index, ...path]) });
  });
  const { value: appsFrom, findings: unset } = interpolated(lists.appsFrom);
  const checked = appLists.safeParse({ apps: Array.isArray(lists.apps) ? [] : lists.apps, appsFrom }, PARSING);
  const issues = checked.success ? [] : checked.error.issues.flatMap((issue) => findingsOf(issue));
  const folder = checked.data?.appsFrom === undefined ? undefined : resolveFolder(checked.data.appsFrom, reader);
  const listed = folder === undefined ? [] : appFiles(folder, reader);
  const files = Array.isArray(listed) ? listed : [];
  const findings = [
    ...unset.map((finding) => ({ ...finding, path: ['appsFrom'] })),
    ...issues,
    ...(Array.isArray(listed) ? [] : [{ path: ['appsFrom'], ...listed }]),
  ];
  const fromFiles = files.map((file) => readAppFile(file, reader, referenced));
  const list = lists.appsFrom === undefined ? 'apps' : 'appsFrom';
  return { apps: [...inline, ...fromFiles], referenced, files, folder, findings, list };
}
