/** Schemas of secrets: written in the configuration, or read from another file or an environment variable. */
import { z } from 'zod';
import type { SecretRef } from '../fields/secret.ts';

export type { SecretField, SecretRef } from '../fields/secret.ts';

/** Returns the text of the secret; throws an Error whose message gives the reason for users. */
export type SecretResolver = (ref: SecretRef) => string;

/** Schemas of a single secret and of an entry of `secrets.keys`; `resolve` reads references. */
export function secretFields(resolve: SecretResolver) {
  const reference = z.union([
    z.strictObject({
      file: z.string().min(1).describe('Path of a file that holds the secret; a trailing newline is ignored.'),
    }),
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable that holds the secret.') }),
  ]);
  const resolveOrReport = (ref: SecretRef, context: { addIssue(issue: { code: 'custom'; message: string }): void }) => {
    try {
      return resolve(ref);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };
  const secret = () =>
    z
      .union([z.string().min(1), reference])
      .transform((value, context) => (typeof value === 'string' ? value : resolveOrReport(value, context)));

  const key = z
    .strictObject({
      id: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,16}$/, 'expected 1 to 16 letters, digits, _ or -')
        .describe('Name of the key; stored with the data that it seals.'),
      value: z.string().optional().describe('The key as text; prefer file or env.'),
      file: z.string().min(1).optional().describe('Path of a file that holds the key.'),
      env: z.string().min(1).optional().describe('Name of an environment variable that holds the key.'),
    })
    .transform((entry, context) => {
      const sources = [entry.value, entry.file, entry.env].filter((part) => part !== undefined);
      if (sources.length !== 1) {
        context.addIssue({ code: 'custom', message: 'expected exactly one of value, file or env' });
        return z.NEVER;
      }
      const value =
        entry.value ??
        resolveOrReport(entry.file !== undefined ? { file: entry.file } : { env: entry.env ?? '' }, context);
      return { id: entry.id, value };
    });
  return { secret, key };
}
