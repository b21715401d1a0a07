/** Secrets in the configuration: written in the file, or read from another file or an environment variable. */
import { z } from 'zod';
import type { SecretRef } from '../fields/secret.ts';

export type { SecretField, SecretRef } from '../fields/secret.ts';

/** Returns the secret's text, or throws an Error whose message says why it cannot be had. */
export type SecretResolver = (ref: SecretRef) => string;

/** The two fields that hold a secret; `resolve` reads each secret that is a reference. */
export function secretFields(resolve: SecretResolver) {
  const named = z.union([
    z.strictObject({
      file: z.string().min(1).describe('Path of a file that holds the secret; a trailing newline is ignored.'),
    }),
    z.strictObject({ env: z.string().min(1).describe('Name of an environment variable that holds the secret.') }),
  ]);
  const resolved = (ref: SecretRef, context: { addIssue(issue: { code: 'custom'; message: string }): void }) => {
    try {
      return resolve(ref);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
      return z.NEVER;
    }
  };
  const secret = () =>
    z
      .union([z.string().min(1), named])
      .transform((value, context) => (typeof value === 'string' ? value : resolved(value, context)));

  const key = z
    .strictObject({
      id: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,16}$/, 'expected 1 to 16 letters, digits, _ or -')
        .describe('Name of the key; stored beside what it sealed.'),
      value: z.string().optional().describe('The secret itself; prefer file or env.'),
      file: z.string().min(1).optional().describe('Path of a file that holds it.'),
      env: z.string().min(1).optional().describe('Name of an environment variable that holds it.'),
    })
    .transform((entry, context) => {
      const given = [entry.value, entry.file, entry.env].filter((part) => part !== undefined);
      if (given.length !== 1) {
        context.addIssue({ code: 'custom', message: 'expected exactly one of value, file or env' });
        return z.NEVER;
      }
      const value =
        entry.value ?? resolved(entry.file !== undefined ? { file: entry.file } : { env: entry.env ?? '' }, context);
      return { id: entry.id, value };
    });
  return { secret, key };
}
