/** Schemas of `login` and `logout`. */
import { z } from 'zod';
import { duration } from '../fields/fields.ts';

export const login = z
  .strictObject({
    timeout: duration('5s', '10m').prefault('10m').describe('Maximum duration of a sign-in.'),
    maxPending: z
      .number()
      .int()
      .min(1)
      .max(10)
      .default(10)
      .describe('Maximum concurrent sign-ins per browser; a further one replaces the oldest.'),
    choose: z
      .enum(['page', 'default'])
      .default('page')
      .describe(
        'What /login without provider does if there are several. page: shows a page on which the user chooses. default: continues to the first one.',
      ),
  })
  .prefault({});

export const logout = z
  .strictObject({
    landing: z
      .string()
      .regex(/^\/[^/\\\s][^\s]*$|^\/$/, 'expected a path such as /signed-out')
      .optional()
      .describe(
        'Path to which the provider returns the browser after sign-out. Register its full URL at the provider. Default: /signed-out below endpoints.prefix.',
      ),
    revocationWait: duration('0ms', '10s')
      .prefault('800ms')
      .describe(
        'How long a sign-out waits for the revocation of its tokens. After that, revocation continues in the background.',
      ),
    clearSiteData: z
      .array(z.enum(['cache', 'storage', 'executionContexts', 'clientHints', 'prefetchCache', 'prerenderCache']))
      .default([])
      .describe(
        'Data that the browser deletes for the whole origin at sign-out (Clear-Site-Data). Empty by default: other applications may share the origin. Cookies of other applications are never deleted.',
      ),
    tokenType: z
      .enum(['logout+jwt', 'any'])
      .default('logout+jwt')
      .describe('Required typ header of a logout token, if it has one. any: for providers that set JWT.'),
    frontChannel: z
      .boolean()
      .default(false)
      .describe(
        'Offer front-channel logout. Most browsers send no cookies in cross-site frames, so it rarely ends a session: prefer back-channel logout.',
      ),
  })
  .prefault({});
