/** Schemas of secrets: written in the configuration, or read from another file or an environment variable. */
import { z } from 'zod';
import { messageOf } from '../../base/errors.ts';
import type { SecretField, SecretRef } from '../fields/secret.ts';

export type { SecretField, SecretRef } from '../fields/secret.ts';

/** Returns the text of the secret; throws an Error whose message gives the reason for users. */
export type SecretResolver = (ref: SecretRef) => string;

type Context = { addIssue(issue: { code: 'custom'; message: string }): void };

const reference = z.union([
  z.strictObject({
    file: z.string().min(1).describe('Path of a file that holds the secret; a line break at the end is ignored.'),
  }),
  z.strictObject({
    env: z
      .string()
      .min(1)
      .describe('Name of an environment variable that holds the secret; a line break at the end is ignored.'),
  }),
]);

function resolveOrReport(resolve: SecretResolver, ref: SecretRef, context: Context): string {
  try {
    return resolve(ref);
  } catch (error) {
    context.addIssue({ code: 'custom', message: messageOf(error) });
    return z.NEVER;
  }
}

const secretSchema = (resolve: SecretResolver) =>
  z
    .union([z.string().min(1), reference])
    .transform((value, context) => (typeof value === 'string' ? value : resolveOrReport(resolve, value, context)));

const keySchema = (resolve: SecretResolver) =>
  z
    .strictObject({
      id: z
        .string()
        .regex(/^[A-Za-z0-9_-]{1,16}$/, 'expected 1 to 16 letters, digits, _ or -')
        .describe('Name of the key; stored with the data that it seals.'),
      value: z.string().optional().describe('The key as text; prefer file or env.'),
      file: z.string().min(1).optional().describe('Path of a file that holds the key.'),
      env: z.string().min(1).optional().describe('Name of an environment variable that holds the key.'),
    })
    .transform(({ id, value, file, env }, context) => {
      if ([value, file, env].filter((source) => source !== undefined).length !== 1) {
        context.addIssue({
          code: 'custom',
          message: 'this key has no value, or several; write exactly one of value, file or env',
        });
        return z.NEVER;
      }
      const ref = file !== undefined ? { file } : { env: env ?? '' };
      return { id, value: value ?? resolveOrReport(resolve, ref, context) };
    });

/** Creates the schema of an option that holds a secret; `resolve` reads references. */
export const secretField =
  (resolve: SecretResolver): SecretField =>
  () =>
    secretSchema(resolve);

/** Schema of `secrets`; `resolve` reads references. */
export const secretsSchema = (resolve: SecretResolver) =>
  z
    .strictObject({ keys: z.array(keySchema(resolve)).min(1).describe('The first key seals; every key can open.') })
    .describe('Keys for cookies and for data in the store; at least 32 bytes each.');
