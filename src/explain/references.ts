/** References that take the place of secrets in the output of `check`, so that the output is itself a valid configuration. */
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { variableName } from '../config/schema/options.ts';
import type { SecretRef } from '../config/schema/schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The variables of secrets that are written in a configuration. `check` accepts them unset; `start` does not. */
const PREFIX = 'MASKED_';

const withoutLineEnd = (text: string) => text.replace(/\r?\n$/, '');

/** `secrets.keys[0]` is `MASKED_SECRETS_KEYS_0`. */
const maskedName = (path: readonly (string | number)[]) =>
  PREFIX + variableName(path.map((part) => String(part).replaceAll(/\W/g, '_'))).slice('BFF_'.length);

/** Values for the variables `MASKED_...` that a file refers to: as long as a key, different for each, and never used to serve. */
export function standIns(file: string | undefined, readFile: (path: string) => string): Record<string, string> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = readFile(file);
  } catch {
    // The loader reports it.
    return {};
  }
  const names = text.match(/\bMASKED_[A-Z0-9_]+/g) ?? [];
  return Object.fromEntries(names.map((name) => [name, createHash('sha512').update(name).digest('base64url')]));
}

/** The file or variable that a secret came from, or a variable `MASKED_...` for one that is written in the configuration. */
export interface References {
  /** The reference to a secret with this value; the path is that of its option. */
  secret(value: string, path: readonly (string | number)[]): SecretRef;
  /** A URL whose user and password are a reference to a variable. */
  url(value: string, path: readonly (string | number)[]): string;
}

export interface ReferenceSources {
  readonly env: Environment;
  /** Every file that was read, with its text. */
  readonly texts: ReadonlyMap<string, string>;
  /** The files of the configuration itself. */
  readonly configFiles: readonly string[];
}

/** Variables that the configuration mentions or that set options, by their values. */
function variablesByValue({ env, texts, configFiles }: ReferenceSources): Map<string, string> {
  const own = Object.entries(env).filter(([name]) => name.startsWith('BFF_'));
  const written = [...configFiles.map((file) => texts.get(file) ?? ''), ...own.map(([, text]) => text ?? '')];
  const mentioned = new Set(written.flatMap((text) => text.match(/[A-Za-z_]\w*/g) ?? []));
  const names = [...own.map(([name]) => name), ...mentioned];
  return new Map(names.flatMap((name) => (env[name] ? [[withoutLineEnd(env[name]), name] as const] : [])));
}

/** Finds references by the values that they stand for, so that the output always means the same. */
export function createReferences(sources: ReferenceSources): References {
  const variables = variablesByValue(sources);
  const { texts, configFiles } = sources;
  const files = new Map(
    [...texts].filter(([file]) => !configFiles.includes(file)).map(([file, text]) => [withoutLineEnd(text), file]),
  );
  return {
    secret(value, path) {
      const file = files.get(value);
      if (file !== undefined) return { file: resolve(file) };
      return { env: variables.get(value) ?? maskedName(path) };
    },
    url(value, path) {
      const whole = variables.get(value);
      if (whole !== undefined) return `\${${whole}}`;
      // A password may hold @: the last one ends it (WHATWG URL, authority state).
      return value.replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/?#]*)@/i, (_match, scheme: string, credentials: string) => {
        // User and password, each of which may come from a variable.
        const parts = credentials.split(':').map((part, index) => {
          const name = variables.get(part) ?? maskedName([...path, index]);
          return part === '' ? '' : `\${${name}}`;
        });
        return `${scheme}${parts.join(':')}@`;
      });
    },
  };
}
