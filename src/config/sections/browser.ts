/** Schemas of the options that concern browsers: `csrf`, `cors`, `endpoints` and `frontend`. */
import { z } from 'zod';
import { duration, headerName, httpUrl, origin, size } from '../fields/fields.ts';

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
    url: httpUrl()
      .optional()
      .describe(
        'URL of the index.html of a single-page app that is published elsewhere, such as on a CDN. The gateway serves a copy of it for unknown paths; browsers load the other files from there.',
      ),
    refresh: duration('1s', '1d')
      .prefault('60s')
      .describe('Only with url: how often the copy is revalidated. While the server is down, the last copy is served.'),
    maxSize: size().prefault('2mb').describe('Only with url: maximum size of the index.html.'),
    ca: z.string().min(1).optional().describe('Only with url: path of a PEM file with the CA of its server.'),
    devServer: origin()
      .optional()
      .describe(
        'Development server of the front end, including its WebSocket. A server that renders pages from the session needs session.cookie.sameSite: lax.',
      ),
    contentSecurityPolicy: z
      .union([z.string().min(1), z.literal(false)])
      .optional()
      .describe(
        "Content-Security-Policy of the front end's pages; false turns it off. Default: everything from the own origin, with url also scripts, styles, images and fonts from the folder of the URL.",
      ),
  })
  .optional();
