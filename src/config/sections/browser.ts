/** Schemas of the options that concern browsers: `csrf`, `cors`, `endpoints` and `frontend`. */
import { z } from 'zod';
import { headerName, origin } from '../fields/fields.ts';

export const csrf = z
  .strictObject({
    header: headerName()
      .default('X-CSRF')
      .describe('Header that every request with a session cookie must carry, with the value 1.'),
  })
  .prefault({});

export const cors = z
  .strictObject({
    allowedOrigins: z
      .array(origin())
      .default([])
      .describe(
        'Origins of the same site whose pages may send requests to routes and use the client module, with credentials.',
      ),
  })
  .prefault({});

export const endpoints = z
  .strictObject({
    prefix: z
      .string()
      .regex(/^(\/\.?[A-Za-z0-9_-]+)*$/, 'expected a path such as /bff, without trailing slash')
      .default('')
      .describe('Prefix of the endpoint paths: /login, /callback, /logout and so on.'),
  })
  .prefault({});

export const frontend = z
  .strictObject({
    directory: z
      .string()
      .min(1)
      .optional()
      .describe('Folder of the built single-page app. Unknown paths serve its index.html.'),
    devServer: origin()
      .optional()
      .describe(
        'Development server of the front end, including its WebSocket. A server that renders pages from the session needs session.cookie.sameSite: lax.',
      ),
    contentSecurityPolicy: z
      .union([z.string().min(1), z.literal(false)])
      .optional()
      .describe("Content-Security-Policy of the front end's pages; false turns it off."),
  })
  .optional();
