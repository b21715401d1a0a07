/** Options of `session`: its store, its cookie, how long it lasts. */
import { z } from 'zod';
import { storeSchema } from '../../store/stores.ts';
import { duration } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const cookie = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,40}$/)
      .optional()
      .describe('Default __Host-bff; bff when the public URL is plain HTTP.'),
    sameSite: z
      .enum(['strict', 'lax'])
      .default('strict')
      .describe(
        'lax: for pages that read the session in the navigation that ends a sign-in, such as pages rendered on a server. A single-page app finds it by its first request.',
      ),
  })
  .prefault({});

export const sessionSchema = (secret: SecretField) =>
  z
    .strictObject({
      store: storeSchema(secret),
      cookie,
      maxPerUser: z
        .number()
        .int()
        .min(1)
        .max(1_000)
        .optional()
        .describe('Most sessions of one user at a time; a further sign-in ends the oldest. No limit when left out.'),
      idleTimeout: duration('1s', '365d')
        .prefault('30m')
        .describe('A session ends after this long without an API call.'),
      absoluteTimeout: duration('1s', '365d')
        .prefault('8h')
        .describe('A session ends this long after login, whatever happens.'),
      cacheSize: z
        .number()
        .int()
        .min(0)
        .max(1_000_000)
        .prefault(10_000)
        .describe(
          'Most sessions that each process keeps in memory, 6 KB each with tokens of 1.4 KB. They are dropped as soon as the store tells of a change, and not used while it cannot. 0 asks the store on each call.',
        ),
    })
    .prefault({});
