/** Loads plugins: JavaScript modules that export hooks. Every process loads them itself, before it serves requests. */
import { basename, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { messageOf } from '../base/errors.ts';
import type { Plugin } from './hooks.ts';
import { runAsPlugin } from './plugin-context.ts';
import { type Closest, hooksOf, readPlugin, withDistinctNames } from './read-plugin.ts';

/** Maximum time that a module, and the function that it exports, take to load. */
const MAX_LOAD_MS = 30_000;

/** Rejects when loading takes too long: a start that hangs would say nothing. */
async function inTime<T>(loading: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not loaded within ${MAX_LOAD_MS / 1000} s`)), MAX_LOAD_MS);
  return await Promise.race([loading, late.promise]).finally(() => clearTimeout(timer));
}

/** The name of a plugin that names itself not: that of its file. */
function nameOf(file: string): string {
  const name = basename(file, extname(file)).replace(/[^\w.@-]/g, '-');
  return name.slice(0, 64);
}

/** Whether the module that could not be found is this file itself, and not one that it imports. */
const isMissing = (error: unknown, file: string) =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'ERR_MODULE_NOT_FOUND' &&
  'url' in error &&
  error.url === pathToFileURL(file).href;

/** The hooks of a module: its default export, what the function returns that it exports, or its exports by the names of hooks. */
async function hooksOfModule(module: Readonly<Record<string, unknown>>): Promise<unknown> {
  const { default: exported, ...named } = module;
  if (exported === undefined) return named;
  const both = hooksOf(named);
  if (both.length > 0)
    throw new Error(`it has a default export, and ${both.join(', ')} beside it; export the hooks in one way`);
  return typeof exported === 'function' ? await exported() : exported;
}

async function loadPlugin(file: string, closest: Closest): Promise<Plugin> {
  const name = nameOf(file);
  try {
    const loading = runAsPlugin(name, async () => await hooksOfModule(await import(pathToFileURL(file).href)));
    return readPlugin(await inTime(loading), name, closest);
  } catch (error) {
    const [message] = isMissing(error, file) ? ['there is no such file'] : messageOf(error).split('\n');
    throw new Error(`plugin ${file}: ${message}`, { cause: error });
  }
}

/**
 * Loads the files, whose paths are absolute, one after the other. Rejects with an error that names the file and the reason, in
 * one line.
 */
export async function loadPlugins(files: readonly string[], closest: Closest): Promise<Plugin[]> {
  const plugins: Plugin[] = [];
  for (const file of files) plugins.push(await loadPlugin(file, closest));
  return withDistinctNames(plugins);
}
