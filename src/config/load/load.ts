/** Configuration loader: turns YAML, environment and secret files into one frozen object, or reports all faults at once. */
import { MAIN_APP } from '../schema/app-identity.ts';
import { pagesWith, withPageDefaults } from '../schema/page-routes.ts';
import { hasBothForms, withFirstProvider } from '../schema/providers.ts';
import { type Config, type ConfigInput, configSchema, type SecretResolver } from '../schema/schema.ts';
import { askedRouteFindings } from '../validate/asked-routes.ts';
import { ConfigError, type Fault, type Finding, formatPath } from '../validate/faults.ts';
import { lostNames } from '../validate/lost-names.ts';
import { servedFileFindings } from '../validate/served-files.ts';
import { validateConfig } from '../validate/validate.ts';
import type { WarningFacts } from '../warnings/warning.ts';
import { findWarnings, type Warning } from '../warnings/warnings.ts';
import { applyEnvironment } from './environment.ts';
import { findingsOf } from './findings.ts';
import { interpolate } from './interpolate.ts';
import { withoutLineEnd } from './text-value.ts';
import { parseYaml } from './yaml-source.ts';

export interface ConfigSource {
  /** Path of the file, for messages. */
  file: string;
  text: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Returns the text of a secret file; throws when it cannot be read. */
  readFile: (path: string) => string;
}

export interface Loaded {
  config: Config;
  /** Settings that lower security or have no effect. */
  warnings: Warning[];
}

type SecretSources = Pick<ConfigSource, 'env' | 'readFile'>;

function secretResolver({ env, readFile }: SecretSources): SecretResolver {
  return (ref) => {
    if ('env' in ref) {
      const value = withoutLineEnd(env[ref.env] ?? '');
      if (value === '') throw new Error(`the environment variable ${ref.env} is not set`);
      return value;
    }
    let text: string;
    try {
      text = readFile(ref.file);
    } catch {
      throw new Error(`the file ${ref.file} cannot be read`);
    }
    const value = withoutLineEnd(text);
    if (value === '') throw new Error(`the file ${ref.file} is empty`);
    return value;
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

const BOTH_FORMS: Finding = {
  path: ['providers'],
  message: 'provider is set as well, in the file or by a variable',
  hint: 'move it to the list as its first entry, with id: default to keep its redirect URI and its sessions',
};

const CSRF_OF_PAGES = {
  message: 'has no effect with kind: page',
  hint: 'remove it: where a request comes from decides on pages',
};

const refuseReferences: SecretResolver = () => {
  throw new Error('a configuration object must hold its secrets as text, not as references');
};

/** `files` are private files besides those of secrets. Without sources, a secret must be text. */
function validate(
  input: unknown,
  sources: SecretSources | undefined,
  files: readonly string[] = [],
): WarningFacts | { findings: Finding[] } {
  const secretFiles: string[] = [];
  const readFile = (path: string) => {
    secretFiles.push(path);
    return sources?.readFile(path) ?? '';
  };
  const resolve = sources ? secretResolver({ env: sources.env, readFile }) : refuseReferences;
  const normalized = withPageDefaults(withFirstProvider(input));
  const parsed = configSchema(resolve).safeParse(normalized);
  if (!parsed.success) {
    const found = parsed.error.issues.flatMap((issue) => findingsOf(issue));
    // A copied provider has its findings in the list.
    const isCopied = withFirstProvider(input) !== input;
    return { findings: isCopied ? found.filter(({ path }) => path[0] !== 'provider') : found };
  }
  const config: Config = { ...parsed.data, app: MAIN_APP };
  const findings = [
    ...(hasBothForms(input) ? [BOTH_FORMS] : []),
    ...pagesWith(input, 'csrf').map((route) => ({ path: ['routes', route, 'csrf'], ...CSRF_OF_PAGES })),
    ...askedRouteFindings(input, config),
    ...lostNames(input, config),
    ...validateConfig(config),
    ...servedFileFindings(config, [...files, ...secretFiles]),
  ];
  return findings.length > 0 ? { findings } : { config: deepFreeze(config), secretFiles };
}

/** Loads a YAML text. Throws `ConfigError` with every fault, each with its line or the variable that set the option. */
export function loadConfig(source: ConfigSource): Loaded {
  const { file, text, env } = source;
  const yaml = parseYaml(file, text);
  const { value, referenced, findings } = interpolate(yaml.value, env);
  const { input, variables, faults } = applyEnvironment(value, env, referenced);
  const outcome = validate(input, source, [file]);
  const locate = ({ path, ...rest }: Finding): Fault => {
    const dotted = formatPath(path);
    // A variable sets a list as a whole, so it is the source of each element.
    const variable = variables.get(typeof path.at(-1) === 'number' ? formatPath(path.slice(0, -1)) : dotted);
    return { ...(variable === undefined ? { file, ...yaml.positionOf(path) } : { variable }), path: dotted, ...rest };
  };
  const all = [...findings, ...('findings' in outcome ? outcome.findings : [])].map(locate);
  if (!('config' in outcome) || all.length + faults.length > 0) throw new ConfigError([...all, ...faults]);
  return { config: outcome.config, warnings: findWarnings(outcome) };
}

/** Reads a file and loads it, with the errors of `loadConfig`. */
export function loadFile({ file, env, readFile }: Omit<ConfigSource, 'text'>): Loaded {
  let text: string;
  try {
    text = readFile(file);
  } catch {
    throw new ConfigError([{ file, path: '', message: 'this file cannot be read' }]);
  }
  return loadConfig({ file, text, env, readFile });
}

/** Validates a plain object, for an application that mounts the gateway. Throws `ConfigError`. */
export function loadObject(input: ConfigInput, sources?: SecretSources): Loaded {
  const outcome = validate(input, sources);
  if ('config' in outcome) return { config: outcome.config, warnings: findWarnings(outcome) };
  throw new ConfigError(outcome.findings.map(({ path, ...rest }) => ({ path: formatPath(path), ...rest })));
}

/** The configuration of a plain object, without its warnings. Throws `ConfigError`. */
export const parseConfig = (input: ConfigInput, sources?: SecretSources): Config => loadObject(input, sources).config;
