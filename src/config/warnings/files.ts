/** Warnings about the files that the configuration names. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { appsOf } from '../schema/apps.ts';
import { signInProviders } from '../schema/providers.ts';
import type { Config } from '../schema/schema.ts';
import type { Combination } from './warning.ts';

const WRITABLE_BY_OTHERS = 0o022;
const READABLE_BY_ALL = 0o004;

/** The keys of the certificates of the public port. */
const listenKeys = ({ listen: { tls } }: Config): string[] =>
  tls === undefined ? [] : [tls, ...tls.certificates].map(({ key }) => key);

const octal = (mode: number) => mode.toString(8).padStart(4, '0');

/** The permission bits of a file; undefined if it cannot be inspected. */
function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined;
  }
}

export const movedPaths: Combination = {
  id: 'path-in-working-directory',
  when: 'a relative path exists in the working directory, and not in the folder of the configuration file',
  hint: 'write the path relative to the configuration file, or an absolute one: a later version looks only there',
  shared: true,
  find: (facts) =>
    (facts.movedPaths ?? []).map(
      ({ option, path, expected }) =>
        `${option} is ${resolve(path)} in the working directory; there is no ${resolve(expected)}`,
    ),
};

export const writableSecrets: Combination = {
  id: 'secret-file-writable',
  when: 'a file with a key or secret may be written by its group or by others',
  hint: 'run chmod go-w on the file: who replaces a key can forge sessions',
  shared: true,
  find: ({ config, secretFiles }) => {
    const ofProviders = appsOf(config)
      .flatMap(signInProviders)
      .flatMap((provider) => (provider.tls === undefined ? [] : [provider.tls.key]));
    return [...new Set([...secretFiles, ...ofProviders, ...listenKeys(config)])].flatMap((path) => {
      const mode = modeOf(path) ?? 0;
      return (mode & WRITABLE_BY_OTHERS) === 0
        ? []
        : [`the secret file ${path} may be written by others (mode ${octal(mode)})`];
    });
  },
};

export const readableKeys: Combination = {
  id: 'tls-key-readable',
  when: 'the key of a certificate of `listen.tls` may be read by every user of the system',
  hint: 'run chmod o-r on the file; in Kubernetes, mount the Secret with defaultMode: 0440',
  listener: true,
  shared: true,
  find: ({ config }) =>
    [...new Set(listenKeys(config))].flatMap((path) => {
      const mode = modeOf(path) ?? 0;
      return (mode & READABLE_BY_ALL) === 0 ? [] : [`the key ${path} may be read by all users (mode ${octal(mode)})`];
    }),
};
