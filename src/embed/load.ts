/** Reads the configuration of a mounted gateway: from a file, an object, or what `loadConfig` returned. */
import { readFileSync } from 'node:fs';
import { type Loaded, loadFile, loadObject } from '../config/load/load.ts';
import type { Config, ConfigInput } from '../config/schema/schema.ts';
import { ConfigError } from '../config/validate/faults.ts';

export interface LoadOptions {
  /** The source of `${NAME}`, `BFF_...` and `{ env: NAME }`. Default: the environment of the process. */
  env?: Readonly<Record<string, string | undefined>>;
}

/** The path of a YAML file, an object, or the result of `loadConfig`. */
export type ConfigSource = string | ConfigInput | Loaded;

/** Returns its argument: gives editors completion and type checks for a configuration in a file of its own. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}

const readFile = (path: string) => readFileSync(path, 'utf8');

/** Reads and checks a YAML file. Throws `ConfigError` with all faults, each with its line. */
export function loadConfig(file: string, { env = process.env }: LoadOptions = {}): Loaded {
  return loadFile({ file, env, readFile });
}

const isLoaded = (source: ConfigSource): source is Loaded => typeof source === 'object' && 'warnings' in source;

/** The file that a configuration was read from; undefined for an object. */
function fileOf(source: ConfigSource): string | undefined {
  return typeof source === 'string' ? source : isLoaded(source) ? source.readFrom?.[0] : undefined;
}

/** Loads a configuration for the first time. Throws `ConfigError`. */
export function load(source: ConfigSource, options: LoadOptions): Loaded {
  if (typeof source === 'string') return loadConfig(source, options);
  if (isLoaded(source)) return source;
  return loadObject(source, { env: options.env ?? process.env, readFile });
}

/** Loads the source that a gateway was created from once more: a file is read again, without apps whose own files are faulty. */
export function loadAgain(source: ConfigSource, { env = process.env }: LoadOptions): Loaded {
  const file = fileOf(source);
  return file === undefined ? load(source, { env }) : loadFile({ file, env, readFile, tolerant: true });
}

/** Throws `ConfigError` for options that have no effect on a mounted gateway. */
export function assertMountable(config: Config, source: ConfigSource): void {
  const { forwardAuth, plugins, reload } = config;
  const faults = [
    ...(forwardAuth
      ? [
          {
            path: 'forwardAuth',
            message: 'a mounted gateway has no listener for it',
            hint: 'Run the gateway as a process of its own, or remove this option.',
          },
        ]
      : []),
    ...(plugins.length > 0
      ? [
          {
            path: 'plugins',
            message: 'a mounted gateway gets its hooks from the program',
            hint: 'Import the modules, and pass them to createGateway as the option hooks.',
          },
        ]
      : []),
    ...(reload.watch && fileOf(source) === undefined
      ? [
          {
            path: 'reload.watch',
            message: 'there is no file to watch: the configuration is an object',
            hint: 'Call gateway.reload(config) when the configuration changes, or give createGateway the path of a file.',
          },
        ]
      : []),
  ];
  if (faults.length > 0) throw new ConfigError(faults);
}
