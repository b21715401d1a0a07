/** Options of `login` and `logout`. */
import { z } from 'zod';
import { duration } from '../fields/fields.ts';

export const login = z
  .strictObject({
    timeout: duration('5s', '10m').prefault('10m').describe('How long a sign-in may take.'),
    maxPending: z
      .number()
      .int()
      .min(1)
      .max(10)
      .default(5)
      .describe('Sign-ins under way per browser; the oldest gives way.'),
  })
  .prefault({});

export const logout = z
  .strictObject({
    landing: z
      .string()
      .regex(/^\/[^/\\\s][^\s]*$|^\/$/)
      .default('/signed-out')
      .describe('Path where the provider sends the browser after sign-out; register it there.'),
    revocationWait: duration('0ms', '10s')
      .prefault('800ms')
      .describe('How long a sign-out waits for revocation; after that it goes on in the background.'),
    clearSiteData: z
      .array(z.enum(['cache', 'storage', 'executionContexts', 'clientHints', 'prefetchCache', 'prerenderCache']))
      .default([])
      .describe(
        'What browsers are told to throw away of the whole origin at sign-out (Clear-Site-Data). Nothing by default: other applications may live there. Cookies of others are never cleared.',
      ),
    tokenType: z
      .enum(['logout+jwt', 'any'])
      .default('logout+jwt')
      .describe('What the header of a logout token must say when it names a type; any: for providers that say JWT.'),
    frontChannel: z
      .boolean()
      .default(false)
      .describe(
        'Offer front-channel logout. Browsers keep cookies out of frames of other sites, so it mostly reaches nobody: prefer the back channel.',
      ),
  })
  .prefault({});
