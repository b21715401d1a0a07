/** The files of plugins: where the configuration and the command line say that they are. */
import { dirname, resolve } from 'node:path';
import { mapApps } from '../schema/apps.ts';
import type { Loaded } from './load.ts';

/**
 * The configuration with absolute paths of its plugins, which are relative to its file, and after them those of the command line,
 * which are relative to the working directory.
 */
export function withPluginFiles<Source extends Pick<Loaded, 'config'>>(
  loaded: Source,
  file: string | undefined,
  added: readonly string[],
): Source {
  const { plugins: configured } = loaded.config;
  if (configured.length === 0 && added.length === 0) return loaded;
  const folder = file === undefined ? '.' : dirname(file);
  const plugins = [...configured.map((path) => resolve(folder, path)), ...added.map((path) => resolve(path))];
  return { ...loaded, config: mapApps(loaded.config, (app) => ({ ...app, plugins })) };
}
