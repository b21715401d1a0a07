/** Reads the configuration: YAML, environment references and secret files become one frozen object, or all faults at once. */
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { ConfigError, type Fault, formatPath, type Path } from './faults.ts';
import { type Config, type ConfigInput, configSchema, type SecretResolver } from './schema.ts';
import { didYouMean } from './suggest.ts';
import { crossChecks, warningsOf } from './validate.ts';

export interface Source {
  /** Name of the file, for messages. */
  file: string;
  text: string;
  env: Readonly<Record<string, string | undefined>>;
  readFile: (path: string) => string;
}

export interface Loaded {
  config: Config;
  warnings: string[];
}

const asPath = (path: readonly PropertyKey[]): Path =>
  path.map((part) => (typeof part === 'number' ? part : String(part)));

function resolver(env: Source['env'], readFile: Source['readFile']): SecretResolver {
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

/** Faults of one zod issue; a union reports those of the branch that fits best. */
function faultsOf(issue: z.core.$ZodIssue, value: unknown, before: Path): Fault[] {
  const path = [...before, ...asPath(issue.path)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: formatPath([...path, key]),
      message: 'this option does not exist',
      ...didYouMean(key, path),
    }));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const best = [...issue.errors].sort(
      (a, b) => b.reduce((n, i) => n + i.path.length, 0) - a.reduce((n, i) => n + i.path.length, 0),
    )[0];
    if (best && best.length > 0) return best.flatMap((inner) => faultsOf(inner, value, path));
  }
  return [{ path: formatPath(path), message: issue.message }];
}

/** Replaces `${NAME}` and `${NAME:-default}` in every string; `$${` stands for itself. */
function interpolate(value: unknown, env: Source['env'], path: Path, faults: Fault[]): unknown {
  if (typeof value === 'string') {
    return value.replace(
      /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}/g,
      (text, name?: string, fallback?: string) => {
        if (text === '$${' || name === undefined) return '${';
        const found = env[name] ?? fallback;
        if (found === undefined)
          faults.push({ path: formatPath(path), message: `the environment variable ${name} is not set` });
        return found ?? '';
      },
    );
  }
  if (Array.isArray(value)) return value.map((item, index) => interpolate(item, env, [...path, index], faults));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value).map(([key, item]) => [key, interpolate(item, env, [...path, key], faults)]),
    );
  return value;
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

function validate(input: unknown, resolve: SecretResolver): { config: Config } | { faults: Fault[] } {
  const parsed = configSchema(resolve).safeParse(input);
  if (!parsed.success) return { faults: parsed.error.issues.flatMap((issue) => faultsOf(issue, input, [])) };
  const faults = crossChecks(parsed.data).map(({ path, ...rest }) => ({ path: formatPath(path), ...rest }));
  return faults.length > 0 ? { faults } : { config: freeze(parsed.data) };
}

/** Parses a YAML text. Throws `ConfigError` with every fault, each with its line. */
export function loadConfig({ file, text, env, readFile }: Source): Loaded {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: true });
  const syntax = document.errors.map(
    (error): Fault => ({
      file,
      line: lines.linePos(error.pos[0]).line,
      path: '',
      message: error.message.split('\n')[0] ?? error.message,
    }),
  );
  if (syntax.length > 0) throw new ConfigError(syntax);
  const faults: Fault[] = [];
  const input = interpolate(document.toJS({ maxAliasCount: 50 }) ?? {}, env, [], faults);
  const outcome = validate(input, resolver(env, readFile));
  if ('faults' in outcome) faults.push(...outcome.faults);
  if (faults.length > 0 || !('config' in outcome))
    throw new ConfigError(faults.map((fault) => ({ file, ...lineOf(document, lines, fault.path), ...fault })));
  return { config: outcome.config, warnings: warningsOf(outcome.config) };
}

/** The line of an option, or of the nearest one above it that is written. */
function lineOf(document: ReturnType<typeof parseDocument>, lines: LineCounter, dotted: string): { line?: number } {
  const path = dotted
    .split(/[.[\]]+/)
    .filter((part) => part !== '')
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range))
      return { line: lines.linePos(node.range[0]).line };
  }
  return { line: 1 };
}

/** The same checks on a plain object: for an app that mounts the gateway, and for tests. */
export function parseConfig(input: ConfigInput): Config {
  const outcome = validate(input, () => {
    throw new Error('secrets of an object are written in it');
  });
  if ('faults' in outcome) throw new ConfigError(outcome.faults);
  return outcome.config;
}
