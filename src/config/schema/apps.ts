/** The apps of one configuration: each is a complete configuration with a public origin, providers, cookie and routes of its own. */
import type { Config } from './schema.ts';

/** Every app of a configuration: the one that it describes itself, and the further ones. */
export const appsOf = (config: Config): readonly Config[] => [config, ...(config.apps ?? [])];

/** The configuration with every app mapped, the further ones included. */
export const mapApps = (config: Config, map: (app: Config) => Config): Config =>
  config.apps ? { ...map(config), apps: config.apps.map(map) } : map(config);
