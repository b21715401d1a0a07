/** Checks what an app sets itself: options that the process has once, and those that only the top of the file may have. */
import { isRecord } from '../../oidc/products/base/claims.ts';
import { FILE_OPTIONS, NOT_INHERITED, SHARED_OPTIONS } from '../schema/app-options.ts';
import type { Finding } from '../validate/faults.ts';
import type { Options } from './merge.ts';

function optionAt(options: Options, [name = '', ...rest]: readonly string[]): unknown {
  const value = Object.hasOwn(options, name) ? options[name] : undefined;
  return rest.length === 0 ? value : isRecord(value) ? optionAt(value, rest) : undefined;
}

function without(options: Options, [name = '', ...rest]: readonly string[]): Options {
  const value = options[name];
  const entries = Object.entries(options).filter(([key]) => key !== name);
  return rest.length > 0 && isRecord(value)
    ? Object.fromEntries([...entries, [name, without(value, rest)]])
    : Object.fromEntries(entries);
}

/** The options that an app may set, and a finding about each other one that it sets. */
export function ownOptions(written: Options): { options: Options; findings: Finding[] } {
  const hint = 'set it at the top of the configuration file';
  const shared = SHARED_OPTIONS.map((name) => ({ path: name.split('.'), message: 'all apps share this option', hint }));
  const ofFile = FILE_OPTIONS.map((name) => ({ path: [name], message: 'an app cannot hold further apps', hint }));
  const findings = [...shared, ...ofFile].filter(({ path }) => optionAt(written, path) !== undefined);
  return { options: findings.reduce((options, { path }) => without(options, path), written), findings };
}

/** Findings about options at the top of a file without an app there: no app would have them. */
export const orphanFindings = (top: Options): Finding[] =>
  NOT_INHERITED.filter((name) => top[name] !== undefined).map((name) => ({
    path: [name],
    message: 'has no effect: apps do not inherit it, and without publicUrl there is no app at the top',
    hint: 'move it into an app, or set publicUrl',
  }));
