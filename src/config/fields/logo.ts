/** The logo of the pages: its file, and its type by its first bytes, whatever its name says. */
import { readFileSync, statSync } from 'node:fs';

const MAX_BYTES = 256 * 1024;

/** Comments of XML. Each ends at its first `-->`: tried as a part of the comment too, it would take exponential time. */
const COMMENTS = '(?:<!--(?:(?!-->).)*-->\\s*)*';

const SIGNATURES: readonly (readonly [type: string, pattern: RegExp])[] = [
  ['image/png', /^\x89PNG\r\n.\n/s],
  ['image/jpeg', /^\xff\xd8\xff/],
  ['image/webp', /^RIFF.{4}WEBP/s],
  [
    'image/svg+xml',
    new RegExp(
      `^(?:\\xef\\xbb\\xbf)?\\s*(?:<\\?xml[^>]*>\\s*)?${COMMENTS}(?:<!DOCTYPE svg[^>[]*>\\s*)?${COMMENTS}<svg[\\s/>]`,
      's',
    ),
  ],
];

export interface Logo {
  readonly type: string;
  readonly body: Buffer;
}

/** Reads a logo; returns what is wrong with the file as text. */
export function readLogo(file: string): Logo | string {
  let body: Buffer;
  try {
    if (!statSync(file).isFile()) return 'is not a file';
    body = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    return code === 'ENOENT' ? 'does not exist' : 'cannot be read';
  }
  if (body.length > MAX_BYTES) return 'is larger than 256 KB';
  const text = body.subarray(0, 4_096).toString('latin1');
  const [type] = SIGNATURES.find(([, pattern]) => pattern.test(text)) ?? [];
  return type === undefined ? 'is no PNG, JPEG, WebP or SVG image' : { type, body };
}
