/** Schema of `session`: store, cookie, timeouts and limits. */
import { z } from 'zod';
import { storeSchema } from '../../store/stores.ts';
import { duration } from '../fields/fields.ts';
import type { SecretField } from './secrets.ts';

const DOMAIN = 'expected a domain such as example.com, in lower case and without leading dot';

const cookie = z
  .strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,48}$/, 'expected 1 to 48 letters, digits, _ or -')
      .optional()
      .describe('Default: __Host-bff, __Secure-bff with sharedDomain, or bff if the public URL is plain HTTP.'),
    sameSite: z
      .enum(['strict', 'lax'])
      .default('strict')
      .describe(
        'lax: for server-rendered pages that read the session in the navigation that ends a sign-in. A single-page app does not need it: its first request carries the cookie.',
      ),
    sharedDomain: z
      .string({ error: DOMAIN })
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/, DOMAIN)
      .optional()
      .describe(
        'Parent domain of publicUrl and of all origins: every host below it gets the session cookie, and can plant another one. Only for forward authentication; one app for each host needs no such cookie.',
      ),
    persistent: z
      .boolean()
      .default(false)
      .describe(
        'The session cookie survives the end of the browser: it has a Max-Age until the absolute limit of the session. Not for shared computers, where the next user would continue the session.',
      ),
  })
  .prefault({});

/** Schema of `session`. */
export const sessionSchema = (secret: SecretField) =>
  z
    .strictObject({
      store: storeSchema(secret),
      cookie,
      maxPerUser: z
        .number()
        .int()
        .min(1)
        .max(10_000)
        .default(1_000)
        .describe(
          'Maximum concurrent sessions of one user; a further sign-in ends the oldest. Raise it for an account that many people share.',
        ),
      idleTimeout: duration('1s', '365d')
        .prefault('30m')
        .describe('A session ends after this time without a request to an API.'),
      absoluteTimeout: duration('1s', '365d')
        .prefault('8h')
        .describe('A session ends this long after sign-in, even if it is in use.'),
      cacheSize: z
        .number()
        .int()
        .min(0)
        .max(1_000_000)
        .prefault(10_000)
        .describe(
          'Maximum sessions that each process keeps in memory, 2.4 KB each with an access token of 1.4 KB. A session is dropped as soon as the store reports a change; while the store cannot report changes, the cache is disabled. 0 disables it: each request reads the store.',
        ),
    })
    .prefault({});
