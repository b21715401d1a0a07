/** Where the configuration of a command comes from: a file that is named, `gateway.yaml`, or environment variables alone. */
import { type Loaded, loadConfig, loadFile } from '../config/load/load.ts';
import { withPluginFiles } from '../config/load/plugin-files.ts';
import { options, structuredOptions } from '../config/schema/options.ts';
import { ConfigError, type Fault } from '../config/validate/faults.ts';
import { REEXEC_VARIABLE } from '../tuning/process-settings.ts';
import { type CliDeps, type Invocation, type Parameter, textOf, textsOf, UsageError } from './command.ts';

/** Names the configuration file, as `--config` does. */
const CONFIG_VARIABLE = 'BFF_CONFIG';
const DEFAULT_FILE = 'gateway.yaml';

/** The option of every command that reads the configuration. */
export const CONFIG_OPTION: Parameter = {
  name: '-c, --config <FILE>',
  summary: `configuration file; default: the variable ${CONFIG_VARIABLE}, or ${DEFAULT_FILE} in this folder, or BFF_ variables alone`,
};

const isMissing = (error: unknown) => error instanceof Error && 'code' in error && error.code === 'ENOENT';

function exists({ readFile }: CliDeps, path: string): boolean {
  try {
    readFile(path);
    return true;
  } catch (error) {
    return !isMissing(error);
  }
}

/** The configuration file; undefined for a configuration in environment variables alone. Throws `UsageError` if there is none. */
export function configFileOf(deps: CliDeps, invocation: Invocation): string | undefined {
  const file = textOf(invocation, 'config') ?? deps.env[CONFIG_VARIABLE];
  if (file !== undefined && file !== '') return file;
  if (exists(deps, DEFAULT_FILE)) return DEFAULT_FILE;
  const others: readonly string[] = [CONFIG_VARIABLE, REEXEC_VARIABLE];
  if (Object.keys(deps.env).some((name) => name.startsWith('BFF_') && !others.includes(name))) return undefined;
  throw new UsageError(
    [
      `error: there is no configuration: no --config FILE, no variable ${CONFIG_VARIABLE}, no ${DEFAULT_FILE} in this folder, and no BFF_ variables.`,
      '`bff-gateway init` writes a configuration.',
    ].join('\n'),
  );
}

/** The required groups, so that each of their options that is missing is a fault of its own, which names its variable. */
const groups = (env: CliDeps['env']) => `secrets: {}\n${env.BFF_PROVIDERS === undefined ? 'provider: {}\n' : ''}`;

/** The fault of an option that no file could set, at the variable that sets it. */
function atVariable(fault: Fault): Fault {
  if (fault.variable !== undefined) return fault;
  const variable = [...options(), ...structuredOptions()].find(({ path }) => path.join('.') === fault.path)?.variable;
  const hint = variable === undefined ? fault.hint : fault.hint?.replace(/^write \w+: /, `set ${variable}=`);
  return { ...fault, file: undefined, line: undefined, column: undefined, variable, hint };
}

function loadVariables(source: Omit<Parameters<typeof loadFile>[0], 'file'>): Loaded {
  try {
    return { ...loadConfig({ ...source, file: '', text: groups(source.env) }), readFrom: [] };
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(error.faults.map(atVariable));
    throw error;
  }
}

/** Loads the configuration. With `tolerant`, apps with faulty files of their own are left out. */
export function load(deps: CliDeps, invocation: Invocation, tolerant = false): Loaded {
  const file = configFileOf(deps, invocation);
  // The variable that names the file is no option of the configuration.
  const { [CONFIG_VARIABLE]: _file, ...env } = deps.env;
  const source = { env, readFile: deps.readFile, tolerant };
  const loaded = file === undefined ? loadVariables(source) : loadFile({ ...source, file });
  return withPluginFiles(loaded, file, textsOf(invocation, 'plugin'));
}
