/** Configuration loader: turns YAML, environment and secret files into one frozen object, or reports all faults at once. */
import { readdirSync } from 'node:fs';
import { whyUnreadable, whyUnusable } from '../../base/system/unreadable.ts';
import { isRecord } from '../../oidc/products/base/claims.ts';
import type { Options } from '../apps/merge.ts';
import { orphanFindings } from '../apps/own-options.ts';
import { writtenSecrets } from '../messages/written-secrets.ts';
import { FILE_OPTIONS } from '../schema/app-options.ts';
import type { Config, ConfigInput } from '../schema/schema.ts';
import { ConfigError, type Fault, type Finding, formatPath, type Path } from '../validate/faults.ts';
import { findWarnings, type Warning } from '../warnings/warnings.ts';
import { distinctFaults, joinApps, type Member, mainMember, memberFaults, memberOf } from './app-members.ts';
import { type AppReader, type AppSources, type Place, readApps } from './app-sources.ts';
import { createAppValidator } from './app-validator.ts';
import { applyEnvironment } from './environment.ts';
import { interpolate } from './interpolate.ts';
import { createNotes, type FileNotes, resolvePaths } from './paths.ts';
import { createSecretReader, type SecretSources } from './secret-reader.ts';
import { parseYaml } from './yaml-source.ts';

export interface ConfigSource extends SecretSources {
  /** Path of the file, for messages. */
  file: string;
  text: string;
  /** Returns the names of the files in the folder `appsFrom`. Default: those of the file system. */
  listFiles?: (folder: string) => readonly string[];
  /** Whether an app with a faulty file of its own is left out, instead of refusing the whole configuration. */
  tolerant?: boolean;
}

/** An app of `appsFrom` whose file is faulty. */
export interface RefusedApp {
  readonly id: string;
  readonly error: ConfigError;
}

export interface Loaded {
  config: Config;
  /** Settings that lower security or have no effect. */
  warnings: Warning[];
  /** The apps that a tolerant loader has left out. */
  refusedApps?: readonly RefusedApp[];
  /** The files that the configuration was read from, and the folder of the apps. */
  readFrom?: readonly string[];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

/** What a file or an object holds, before it is validated. */
interface Written {
  /** The options at the top, with those that variables set. */
  readonly top: unknown;
  readonly sources: AppSources;
  readonly findings: readonly Finding[];
  readonly faults: readonly Fault[];
  /** Private files besides those of secrets. */
  readonly files: readonly string[];
  readonly notes: FileNotes;
  placeOf(path: Path): Place;
}

const NO_APP: Omit<Finding, 'path'> = {
  message: 'there is no app',
  hint: 'set publicUrl, or add an app',
};

/** The members, and findings about what belongs to none of them. */
function membersOf({ top, sources, placeOf }: Written, secrets: ReturnType<typeof createSecretReader>, lists: boolean) {
  const options: Options = isRecord(top) ? top : {};
  const deps = { top: options, placeOf, validate: createAppValidator(secrets.resolve) };
  // Without lists, the file is one app, whose faults are those of the file.
  const hasMain = !lists || options.publicUrl !== undefined;
  const members = [...(hasMain ? [mainMember(deps)] : []), ...sources.apps.map((source) => memberOf(source, deps))];
  const orphans = hasMain ? [] : orphanFindings(options);
  const isEmpty = members.length === 0 && sources.findings.length === 0;
  return { members, findings: isEmpty ? [...orphans, { path: [sources.list], ...NO_APP }] : orphans };
}

/** The options of the file without those that add apps. Input without such options is returned unchanged. */
function withoutLists(input: unknown): unknown {
  if (!isRecord(input) || !FILE_OPTIONS.some((name) => Object.hasOwn(input, name))) return input;
  return Object.fromEntries(Object.entries(input).filter(([name]) => !FILE_OPTIONS.some((list) => list === name)));
}

const hasLists = (input: unknown) => isRecord(input) && FILE_OPTIONS.some((name) => input[name] !== undefined);

/** The apps that a tolerant loader leaves out, each with its faults. */
function refusedApps(members: readonly Member[], found: ReturnType<typeof memberFaults>): [Member, RefusedApp][] {
  return members.flatMap((member): [Member, RefusedApp][] => {
    const faults = found.filter((entry) => member.isFile && entry.member === member).map(({ fault }) => fault);
    return faults.length === 0 ? [] : [[member, { id: member.app.id, error: new ConfigError(faults) }]];
  });
}

/** Validates what was written. Throws `ConfigError` with every fault. */
function settle(written: Written, lists: boolean, secretSources: SecretSources | undefined, tolerant: boolean): Loaded {
  const secrets = createSecretReader(secretSources);
  const { members, findings } = membersOf(written, secrets, lists);
  const located = [...written.findings, ...findings, ...written.sources.findings].map(
    ({ path, ...rest }): Fault => ({ ...written.placeOf(path), ...rest }),
  );
  const found = memberFaults(members, [...written.files, ...secrets.files]);
  const refused = tolerant ? refusedApps(members, found) : [];
  const remaining = members.filter((member) => !refused.some(([other]) => other === member));
  const known = new Set(located.map(({ path }) => path));
  // A reference that is not set leaves an empty text, which the schema refuses as well.
  const stopping = found.filter(
    ({ member, fault }) => (remaining.length === 0 || remaining.includes(member)) && !known.has(fault.path),
  );
  const faults = [...located, ...distinctFaults(stopping, members.length), ...written.faults];
  const config = joinApps(remaining.flatMap(({ validated }) => validated?.config ?? []));
  if (faults.length > 0 || config === undefined) throw new ConfigError(faults);
  const warnings = findWarnings({ config: deepFreeze(config), secretFiles: [...secrets.files], ...written.notes });
  return { config, warnings, ...(refused.length > 0 && { refusedApps: refused.map(([, app]) => app) }) };
}

/** Loads a YAML text. Throws `ConfigError` with every fault, each with its line or the variable that set the option. */
export function loadConfig(source: ConfigSource): Loaded {
  const { file, text, env, readFile, listFiles = readdirSync, tolerant = false } = source;
  const yaml = parseYaml(file, text);
  const notes = createNotes();
  notes.writtenSecrets.push(...writtenSecrets(yaml.value));
  const { value: interpolated, referenced, findings } = interpolate(withoutLists(yaml.value), env);
  const value = resolvePaths(interpolated, file, notes.movedPaths);
  const inFile = (path: Path): Place => ({ file, ...yaml.positionOf(path), path: formatPath(path) });
  const sources = readApps(yaml.value, { env, readFile, listFiles, file, notes }, inFile);
  const { input, variables, faults } = applyEnvironment(value, env, new Set([...referenced, ...sources.referenced]));
  const placeOf = (path: Path): Place => {
    const dotted = formatPath(path);
    // A variable sets an option as a whole, so it is the source of everything in it.
    const above = path.map((_part, index) => variables.get(formatPath(path.slice(0, path.length - index))));
    const variable = above.find((name) => name !== undefined);
    return variable === undefined ? inFile(path) : { variable, path: dotted };
  };
  const written = { top: input, sources, findings, faults, files: [file, ...sources.files], placeOf, notes };
  const readFrom = [file, ...(sources.folder === undefined ? [] : [sources.folder]), ...sources.files];
  return { ...settle(written, hasLists(yaml.value), source, tolerant), readFrom };
}

const unusable = (file: string, reason: string) =>
  new ConfigError([{ file, path: '', message: `this file cannot be read: ${reason}` }]);

/** Reads a file and loads it, with the errors of `loadConfig`. */
export function loadFile({ file, ...source }: Omit<ConfigSource, 'text'>): Loaded {
  let text: string;
  try {
    text = source.readFile(file);
  } catch (error) {
    throw unusable(file, whyUnreadable(file, error));
  }
  const fault = whyUnusable(file, text);
  if (fault !== undefined) throw unusable(file, fault);
  return loadConfig({ file, text, ...source });
}

/** Reads nothing: for an object without sources. */
const UNREADABLE: Omit<AppReader, 'file'> = {
  env: {},
  readFile: () => '',
  notes: createNotes(),
  listFiles: () => {
    throw new Error('a configuration object without sources');
  },
};

/** Validates a plain object, for an application that mounts the gateway. Throws `ConfigError`. */
export function loadObject(input: ConfigInput, secretSources?: SecretSources): Loaded {
  const reader = secretSources ? { ...secretSources, listFiles: readdirSync, notes: createNotes() } : UNREADABLE;
  const placeOf = (path: Path): Place => ({ path: formatPath(path) });
  const sources = readApps(input, { ...reader, file: undefined }, placeOf);
  const written = {
    top: withoutLists(input),
    sources,
    findings: [],
    faults: [],
    files: sources.files,
    placeOf,
    notes: reader.notes,
  };
  return settle(written, hasLists(input), secretSources, false);
}

/** The configuration of a plain object, without its warnings. Throws `ConfigError`. */
export const parseConfig = (input: ConfigInput, sources?: SecretSources): Config => loadObject(input, sources).config;
