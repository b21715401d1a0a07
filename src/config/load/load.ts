/** Reads the configuration: YAML, environment and secret files become one frozen object, or all faults at once. */
import type { z } from 'zod';
import { type Config, type ConfigInput, configSchema, type SecretResolver } from '../schema/schema.ts';
import { ConfigError, type Fault, type Finding, formatPath, type Path } from '../validate/faults.ts';
import { crossChecks, warningsOf } from '../validate/validate.ts';
import { applyEnvironment } from './environment.ts';
import { interpolate } from './interpolate.ts';
import { didYouMean } from './suggest.ts';
import { parseYaml } from './yaml-source.ts';

export interface Source {
  /** Name of the file, for messages. */
  file: string;
  text: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Text of a secret file; throws when it cannot be read. */
  readFile: (path: string) => string;
}

export interface Loaded {
  config: Config;
  /** What lowers safety, one sentence each. */
  warnings: string[];
}

function secretResolver({ env, readFile }: Pick<Source, 'env' | 'readFile'>): SecretResolver {
  return (ref) => {
    if ('env' in ref) {
      const value = env[ref.env];
      if (!value) throw new Error(`the environment variable ${ref.env} is not set`);
      return value;
    }
    let text: string;
    try {
      text = readFile(ref.file);
    } catch {
      throw new Error(`the file ${ref.file} cannot be read`);
    }
    const value = text.replace(/\r?\n$/, '');
    if (value === '') throw new Error(`the file ${ref.file} is empty`);
    return value;
  };
}

const depth = (issues: readonly z.core.$ZodIssue[]) => issues.reduce((sum, { path }) => sum + path.length, 0);

/** Findings of one zod issue; of a union, those of the branch that got furthest. */
function findingsOf(issue: z.core.$ZodIssue, before: Path = []): Finding[] {
  const path: Path = [...before, ...issue.path.map((part) => (typeof part === 'number' ? part : String(part)))];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'this option does not exist',
      ...didYouMean(key, path),
    }));
  }
  if (issue.code === 'invalid_union') {
    const [best] = [...issue.errors].sort((a, b) => depth(b) - depth(a));
    if (best && best.length > 0) return best.flatMap((inner) => findingsOf(inner, path));
  }
  return [{ path, message: issue.message }];
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

function validate(input: unknown, resolve: SecretResolver): { config: Config } | { findings: Finding[] } {
  const parsed = configSchema(resolve).safeParse(input);
  if (!parsed.success) return { findings: parsed.error.issues.flatMap((issue) => findingsOf(issue)) };
  const findings = crossChecks(parsed.data);
  return findings.length > 0 ? { findings } : { config: freeze(parsed.data) };
}

/** Parses a YAML text. Throws `ConfigError` with every fault, each with its line or the variable it came from. */
export function loadConfig(source: Source): Loaded {
  const { file, text, env } = source;
  const yaml = parseYaml(file, text);
  const { value, used, findings } = interpolate(yaml.value, env);
  const { input, variables, faults } = applyEnvironment(value, env, used);
  const outcome = validate(input, secretResolver(source));
  const located = ({ path, ...rest }: Finding): Fault => {
    const dotted = formatPath(path);
    const variable = variables.get(dotted);
    return { ...(variable === undefined ? { file, ...yaml.placeOf(path) } : { variable }), path: dotted, ...rest };
  };
  const all = [...findings, ...('findings' in outcome ? outcome.findings : [])].map(located);
  if (!('config' in outcome) || all.length + faults.length > 0) throw new ConfigError([...all, ...faults]);
  return { config: outcome.config, warnings: warningsOf(outcome.config) };
}

/** The same for a file that is still to be read. */
export function loadFile({ file, env, readFile }: Omit<Source, 'text'>): Loaded {
  let text: string;
  try {
    text = readFile(file);
  } catch {
    throw new ConfigError([{ file, path: '', message: 'this file cannot be read' }]);
  }
  return loadConfig({ file, text, env, readFile });
}

const written: SecretResolver = () => {
  throw new Error('secrets of an object are written in it');
};

/** The same checks on a plain object: for an app that mounts the gateway, and for tests. */
export function parseConfig(input: ConfigInput, sources?: Pick<Source, 'env' | 'readFile'>): Config {
  const outcome = validate(input, sources ? secretResolver(sources) : written);
  if ('config' in outcome) return outcome.config;
  throw new ConfigError(outcome.findings.map(({ path, ...rest }) => ({ path: formatPath(path), ...rest })));
}
