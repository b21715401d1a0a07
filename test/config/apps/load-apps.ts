/** Loads configurations with several apps from texts in memory. */
import assert from 'node:assert/strict';
import { basename, dirname } from 'node:path';
import { type ConfigSource, type Loaded, loadConfig } from '../../../src/config/load/load.ts';
import { appsOf } from '../../../src/config/schema/apps.ts';
import type { Config } from '../../../src/config/schema/schema.ts';
import { ConfigError, type Fault } from '../../../src/config/validate/faults.ts';

export const KEY = 'k9VqT2mX7wLr4JzB8nYc1HfD5sGaQ0eU3iPoRtWx';
/** What the process needs once: two lines. */
export const SHARED = `secrets: { keys: [{ id: k1, value: ${KEY} }] }
trustedProxies: [10.0.0.1]
`;
export const PROVIDER = 'provider: { issuer: "https://id.example.com", clientId: web, clientSecret: s3cret }\n';
/** A file that is an app itself: four lines. */
export const MAIN = `${SHARED}publicUrl: https://shop.example.com\n${PROVIDER}`;

type Options = Partial<Pick<ConfigSource, 'env' | 'tolerant' | 'readFile'>>;

/** Loads `text` as `conf/gateway.yaml`; `files` are the other files by their path. */
export function load(text: string, files: Record<string, string> = {}, options: Options = {}): Loaded {
  const readFile = (path: string) => files[path] ?? assert.fail(`ENOENT: ${path}`);
  const listFiles = (folder: string) => {
    const names = Object.keys(files).filter((path) => dirname(path) === folder);
    return names.length > 0 ? names.map((path) => basename(path)) : assert.fail(`ENOENT: ${folder}`);
  };
  return loadConfig({ file: 'conf/gateway.yaml', text, env: {}, readFile, listFiles, ...options });
}

/** The apps of a text, by their id. */
export function appsIn(text: string, files?: Record<string, string>, options?: Options): Record<string, Config> {
  const { config } = load(text, files, options);
  return Object.fromEntries(appsOf(config).map((app) => [app.app.id, app]));
}

export function faults(text: string, files?: Record<string, string>, options?: Options): readonly Fault[] {
  try {
    load(text, files, options);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  throw new Error('the configuration was accepted');
}

/** Each fault as `file:line path: message`. */
export const faultLines = (...source: Parameters<typeof faults>): string[] =>
  faults(...source).map(
    ({ file, line, variable, path, message }) => `${variable ?? `${file}:${line}`} ${path}: ${message}`,
  );
