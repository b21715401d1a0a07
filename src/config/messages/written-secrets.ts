/** Finds the secrets that are written as text in a configuration file. */
import { isRecord } from '../../oidc/products/base/claims.ts';
import { formatPath, type Path } from '../validate/faults.ts';
import { isSecretOption } from './value.ts';

const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('${');

/** Whether a text is a URL with a password. */
const hasPassword = (text: string) => /^[a-z][a-z0-9+.-]*:\/\/[^/?#@]*:[^/?#@]+@/i.test(text);

/** The options of a file, as written, whose value is a secret and no reference to one. */
export function writtenSecrets(value: unknown, path: Path = []): string[] {
  if (isText(value)) return isSecretOption(path) || hasPassword(value) ? [formatPath(path)] : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => writtenSecrets(item, [...path, index]));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([name, item]) => writtenSecrets(item, [...path, name]));
}
